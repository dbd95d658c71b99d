"""How cases are handed out to workers: one at a time, but for those that one worker has to hold together."""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from conformance.harness.run import planning


class OneByOne(LoadScopeScheduling):
    """Hands out single cases in their order, and those that wait as one.

    Those that hold the server alone are one group too where the workers share it, or one would wait for the other. The
    controller collects nothing itself, so it looks a case's markers up in its module.

    Args:
        config: pytest's.
        package: of the profile's cases.
        shared: whether all workers share one server.
        log: xdist's.
    """

    def __init__(self, config: pytest.Config, package: str, shared: bool, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)
        self._package = package
        self._together = {"clock", "alone"} if shared else {"clock"}

    def _split_scope(self, nodeid: str) -> str:
        group = planning.group_of_marks(planning.marks_of(self._package, planning.inside(self._package, nodeid)))
        return group if group in self._together else nodeid
