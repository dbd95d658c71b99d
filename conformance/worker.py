"""What a process does that runs cases: a pytest plugin, in each worker of xdist or in the only process."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from conformance.harness.run import planning
from conformance.harness.run.probe import Found
from conformance.harness.run.report import CaseReport
from conformance.harness.run.runner import Runner
from conformance.harness.settings import Settings
from conformance.harness.verdict.known import Known
from conformance.options import repeat
from conformance.profile import Profile


class Worker:
    """Runs the cases that pytest asks for, and hangs their records on its reports.

    Args:
        settings: the options of the run.
        profile: what is judged by.
        found: what the first look found.
        distributed: whether other workers run cases as well.
        known: what is known to fail.
    """

    def __init__(self, settings: Settings, profile: Profile, found: Found, distributed: bool, known: Known) -> None:
        self._known = known
        self._runner = Runner(settings, profile, found)
        self._waits_first = not distributed and not Runner.only_one(found)
        self.last_complaints: dict[str, int] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Begin with the cases that wait where all of them are run in this process."""
        if self._waits_first and not session.testsfailed:
            self._runner.wait_behind(planning.waiting(session.items))

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> object | None:
        """Run a case, and tell pytest what came of it."""
        if not planning.is_case(pyfuncitem):
            return None
        if pyfuncitem.get_closest_marker("clock"):
            self._runner.wait_behind(planning.waiting(pyfuncitem.session.items))
        plan = planning.plan_of(pyfuncitem)
        # With --junitxml they become properties of the test case.
        pyfuncitem.user_properties += [("requirement", id) for id in plan.requirements]
        record = self._runner.run(plan)
        pyfuncitem.stash[planning.RECORD] = record
        worst = record.worst
        if self._known.excuses(record):
            pytest.xfail(f"{worst.requirement}: {worst.reason}")
        if worst.verdict == "fail":
            pytest.fail(f"{worst.requirement}: {worst.reason}", pytrace=False)
        if worst.verdict in ("skip", "blocked"):
            pytest.skip(f"{worst.requirement}: {worst.reason}" if record.blocked_by else worst.reason)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Hang what the case came to on the report, which travels from worker to controller."""
        report = yield
        record = item.stash.get(planning.RECORD, None)
        if call.when == "call" and record is not None:
            runner = self._runner
            often = ["--times", "10"] if item.get_closest_marker("alone") else []
            sent = CaseReport(
                record.result(repeat(item.config, *often, record.id)),
                item.stash[planning.POSITION],
                [*runner.notes, *record.notes],
                record.cut_short,
                record.suspects,
                record.files,
                record.before,
                dict(runner.take_complaints()),
                runner.refusal,
            )
            sent.hang_on(report)
            if sent.refusal:
                item.session.shouldstop = sent.refusal
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """End the servers, and hand over what they printed after the last case."""
        self.last_complaints = dict(self._runner.take_complaints())
        if output := getattr(session.config, "workeroutput", None):
            output["complaints"] = self.last_complaints
        self._runner.stop()
