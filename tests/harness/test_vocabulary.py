"""The words of a seed are faker's, however they come about."""

from __future__ import annotations

import pytest
from faker import Faker

from conformance.harness.vocabulary import quick_faker


@pytest.mark.parametrize("make", ["email", "hostname", "name", "sentence"])
def test_the_quick_faker_says_what_any_other_says(make: str) -> None:
    said: list[list[str]] = [[], []]
    for words, faker in zip(said, (Faker("en_US"), quick_faker()), strict=True):
        for seed in range(200):
            faker.seed_instance(seed)
            words.append(getattr(faker, make)())
    assert said[0] == said[1]
    assert len(set(said[0])) > 100
