"""The mutants of the server of the standard: each is another server, and every rule that can be broken is broken."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from conformance.rfc5321.profile import PROFILE
from proof.kinds.esmtp_mutants import EsmtpMutants
from proof.servers import mutants
from proof.servers.edit import SERVER, Mutant, sources
from proof.servers.esmtp_mutants import LEFT_OUT, MUTANTS, SECTIONS, SINK

LEDGER = PROFILE.ledger(PROFILE.usual())
JUDGED = {name for name, rule in LEDGER.items() if rule.level != "NOTE"}


@pytest.mark.parametrize("section", SECTIONS)
def test_each_edit_fits_and_makes_another_server(section: str) -> None:
    right = {path.name: path.read_text() for path in SERVER.glob("*.py")}
    assert [one.name for one in SECTIONS[section] if sources(one) == right] == []


def test_names_are_plain_and_unique() -> None:
    names = [one.name for one in MUTANTS] + list(SECTIONS)
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert [name for name in names if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)] == []


def test_requirements_are_known_and_named_once() -> None:
    ids = {one.name: f"{one.breaks} {one.also}".split() for one in MUTANTS}
    assert [name for name, own in ids.items() if set(own) - set(LEDGER) or len(set(own)) < len(own)] == []
    assert [one.name for one in MUTANTS if bool(one.also) != bool(one.why)] == []


def test_every_rule_that_can_be_broken_is_the_main_one_of_a_mutant() -> None:
    mains = {one.main for one in MUTANTS}
    assert sorted(JUDGED - mains - set(LEFT_OUT)) == []
    assert sorted(mains - JUDGED) == []
    assert sorted(set(LEFT_OUT) & mains) == []


def test_rules_without_a_mutant_have_a_reason() -> None:
    assert [name for name, why in LEFT_OUT.items() if name not in JUDGED or not why.endswith(".")] == []


def test_a_mutant_is_judged_by_its_profile_with_its_own_options_last() -> None:
    kind = EsmtpMutants()
    mutant = Mutant("bug", "rcpt.relay-open", (), options=("--public",))
    options = kind.options(mutant)
    assert options[:2] == ("--profile", "rfc5321") and options[-1] == "--public"
    assert kind.placeholders == PROFILE.kind.reference[1]
    assert set(kind.sections()) == set(SECTIONS) != set(mutants.SECTIONS)


def test_only_mutants_that_need_the_port_of_a_sink_run_alone() -> None:
    alone = [one.name for one in MUTANTS if EsmtpMutants().alone(one)]
    assert alone == [one.name for one in MUTANTS if SINK in one.options] != []
