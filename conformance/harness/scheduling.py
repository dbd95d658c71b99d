"""How cases are handed out to workers: one at a time, but for the two groups that one worker has to hold together."""

from __future__ import annotations

import importlib
from functools import cache

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from conformance.harness import planning


class OneByOne(LoadScopeScheduling):
    """Hands out single cases in their order, and a group of `planning.group_of_marks` as one.

    The controller collects nothing itself, so it looks a case's markers up in its module.
    """

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        path, _, name = planning.inside_package(nodeid).partition("::")
        return _group(path, name.partition("[")[0]) or nodeid


@cache
def _group(path: str, function: str) -> str:
    module = importlib.import_module("conformance." + path.removesuffix(".py").replace("/", "."))
    marks = getattr(getattr(module, function, None), "pytestmark", [])
    return planning.group_of_marks({mark.name for mark in marks})
