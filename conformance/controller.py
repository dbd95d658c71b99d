"""What the process does that pytest was called in: it hands out cases, gathers their records, and reports."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from conformance.categories import recount
from conformance.harness.run import again, folder, planning
from conformance.harness.run.probe import Found
from conformance.harness.run.report import CaseReport
from conformance.harness.run.results import Collector
from conformance.harness.run.runner import Runner
from conformance.harness.run.scheduling import OneByOne
from conformance.harness.settings import Settings
from conformance.harness.verdict import outcome
from conformance.harness.verdict.known import Known
from conformance.harness.verdict.result import CaseResult
from conformance.options import command
from conformance.profile import Profile
from conformance.progress import Progress
from conformance.publish import module, publish
from conformance.told import Told
from conformance.worker import Worker

WORKERS_END = 2
"""Seconds that workers, who may be waiting for a clock, are given to end once a run is interrupted."""


class Controller:
    """A pytest plugin, in the process that writes the report.

    Args:
        config: pytest's.
        settings: the options of the run.
        profile: what is judged by.
        found: what the first look found.
        worker: what runs the cases where no other process does, or None.
        known: what is known to fail.
    """

    def __init__(
        self,
        config: pytest.Config,
        settings: Settings,
        profile: Profile,
        found: Found,
        worker: Worker | None,
        known: Known,
    ) -> None:
        self._config = config
        self._collector = Collector(settings, profile, found, datetime.now(UTC), time.monotonic(), known)
        self._settings, self._profile, self._found = settings, profile, found
        self._worker = worker
        self._session: pytest.Session | None = None
        self._where = ""

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Hand a worker what the controller alone decides or has read."""
        node.workerinput["conformance"] = {
            "seed": self._settings.seed,
            "found": self._found.plain(),
            "known": list(self._collector.known.names),
        }

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what servers printed after a worker's last case, or why it ran none."""
        output = getattr(node, "workeroutput", {})
        if "mistake" in output:
            raise pytest.UsageError(output["mistake"])
        self._collector.complaints.update(output.get("complaints", {}))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> OneByOne:
        """Hand out cases in an order of our own."""
        return OneByOne(config, self._profile.package, self._found.command is None, log)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Begin to tell of the run where this process runs the cases."""
        if self._worker and not session.testsfailed:
            self._begin_to_tell([planning.case_id(item) for item in session.items if planning.is_case(item)])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Begin to tell of the run where workers run the cases, which all collect the same."""
        self._begin_to_tell([planning.inside(self._profile.package, id) for id in ids])

    def _begin_to_tell(self, ids: Sequence[str]) -> None:
        plugins, option = self._config.pluginmanager, self._config.option
        terminal = plugins.getplugin("terminalreporter")
        if ids and terminal and option.verbose >= 0 and not plugins.hasplugin("progress"):
            workers = getattr(option, "numprocesses", None) or 1
            if not getattr(option, "numprocesses", None):
                tell_beside_cases(terminal)
            known = self._collector.known
            progress = Progress(terminal, self._settings, self._profile, self._found, workers, ids, known)
            plugins.register(progress, "progress")

    def pytest_report_header(self) -> str:
        """Say what is tested, and the seed."""
        return self._collector.header()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Gather a case's record."""
        if sent := CaseReport.on(report):
            self._collector.add(sent)
            if report.failed:
                vars(report)["longrepr"] = Told(sent.case)
        elif report.failed:
            self._collector.fault = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Know that the user stopped the run, which is not what -x does."""
        if excinfo.type is KeyboardInterrupt:
            self._collector.interrupted = True
            self._end_soon()
        show_by_lines(excinfo)

    def _end_soon(self) -> None:
        """Whoever cancels a run does so again after some seconds, and kills it then: the report is to be done first."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if distribution := self._config.pluginmanager.getplugin("dsession"):
            distribution.nodemanager.EXIT_TIMEOUT = WORKERS_END

    def pytest_internalerror(self) -> None:
        """Know that the suite itself went wrong."""
        self._collector.fault = True

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Know that a file of cases could not be read."""
        if report.failed:
            self._collector.fault = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write results.json and decide the exit status; the worker of this process has ended its servers before."""
        collector = self._collector
        plugins = self._config.pluginmanager
        if "hypothesis" not in sys.modules and (plugin := plugins.getplugin("hypothesispytest")):
            plugins.unregister(plugin)  # it would import all of hypothesis now, only to find that it has nothing to say
        if self._worker:
            collector.complaints.update(self._worker.last_complaints)
        if int(exitstatus) == outcome.USAGE:
            return
        if collector.refusal:
            print(f"conformance: {collector.refusal}", file=sys.stderr)
            session.exitstatus = outcome.UNREACHABLE
            return
        collector.stopped = bool(session.shouldfail or session.shouldstop)
        collector.whole = not (is_part(self._config) or collector.stopped)
        run_again = None if self._settings.alone_again else self._run_again
        session.exitstatus = collector.finish(folder_of(self._config, self._found), run_again)
        self._session = session

    def _run_again(self, cases: list[str]) -> list[CaseResult]:
        """Run cases again, each alone on a fresh server, in a run of their own."""
        config, option = self._config, self._config.option
        terminal = config.pluginmanager.getplugin("terminalreporter")
        if terminal and option.verbose >= 0:
            count = f"{len(cases)} cases again, each" if len(cases) > 1 else "a case again"
            terminal.write_line(f"\nrunning {count} alone: nothing that is found broken kept it from its point")
        _, _, name, *words = shlex.split(command(config, vars(option)))
        if option.shown_as:
            words += ["--shown-as", option.shown_as]
        with tempfile.TemporaryDirectory(prefix="conformance-again-") as place:
            words += ["--alone-again", "-q", "-p", "no:xdist", "--report", place, *cases]
            return again.run([*module(name), *words], config.invocation_params.dir, Path(place))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the table, the failures and the verdict, as anyone could from results.json."""
        collector = self._collector
        if not collector.document or self._session is None:
            return
        recount(terminalreporter, {case["id"]: case["verdict"] for case in collector.document["cases"]})
        write = terminalreporter.write_line
        color, verbose = terminalreporter.hasmarkup, self._config.option.verbose > 0
        text, unwritten = publish(collector.document, collector.path, color, verbose)
        if not collector.path:
            unwritten.append(f"conformance: {collector.unwritten}")
        where = f"results: {collector.path}, report.md, report.html"
        if collector.path:
            write("\n" + where)
        terminalreporter.write(text)
        for line in unwritten:
            write(f"\n{line}", red=True)
            self._session.exitstatus = outcome.FAULT
        self._where = where if collector.path else ""

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Name the reports once more, below all that pytest and its plugins have to say."""
        terminal = self._config.pluginmanager.getplugin("terminalreporter")
        if terminal and self._where:
            terminal.write_line(self._where)


def tell_beside_cases(terminal: Any) -> None:
    """Have what is told while a case of this process runs shown at once, and not captured as if the case said it."""
    with suppress(OSError, ValueError):  # where the output is no file, it is not told
        file = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1, encoding="utf-8", errors="replace")
        told = type(terminal._tw)(file)
        told.hasmarkup, terminal._tw = terminal._tw.hasmarkup, told


def is_outside(config: pytest.Config) -> bool:
    """Whether this is `python -m conformance`: it brings its own settings, and its root is where it is installed."""
    return config.inipath is not None and config.inipath.name == "suite.ini"


def folder_of(config: pytest.Config, found: Found) -> Path:
    """Where the reports of a run go."""
    if config.option.report:
        return Path(config.option.report)
    root = config.invocation_params.dir if is_outside(config) else config.rootpath
    return root / "reports" / "out" / folder.name_of(found.name, is_part(config))


def is_part(config: pytest.Config) -> bool:
    """Whether some cases are asked for, and not all."""
    some = any("::" in word or word.endswith(".py") for word in config.args)
    return bool(config.option.keyword or config.option.markexpr or some)


def run_in_parallel(config: pytest.Config, found: Found, profile: Profile, settings: Settings) -> None:
    """Three workers unless told otherwise, one for the cases that wait, two for the others; more to wait for replies.

    Every worker holds some 40 MiB. One process is enough where next to nothing will be judged, or cases are named.

    Args:
        config: pytest's.
        found: what the first look found.
        profile: whose manners count: whether there is to be one process, whatever is asked for.
        settings: the options of the run.
    """
    option, alone = config.option, profile.by_one_process(settings)
    if alone or not config.pluginmanager.hasplugin("xdist") or Runner.only_one(found) or option.usepdb:
        option.numprocesses = 0
    elif option.numprocesses is None and config.pluginmanager.hasplugin("_cov"):
        option.numprocesses = 0  # it has looked for workers already, and seen none
    elif option.numprocesses is None and not option.tx:
        named, spaced = any("::" in word for word in config.args), profile.seconds_a_case(settings) > 0
        few = named or not (found.greeted and found.prompt)
        option.numprocesses = 0 if few else _workers(found, spaced)
    if option.numprocesses is not None:
        # xdist may have looked at the option before we did.
        option.tx = ["popen"] * option.numprocesses
        option.dist = "load" if option.tx else "no"


def _workers(found: Found, spaced: bool) -> int:
    """Three for a server that answers at once; more where replies, their end, or a turn to connect are waited for."""
    if found.latency >= 0.05:
        return 5
    if (found.latency >= 0.02 and not found.chatty) or not found.whole or spaced:
        return 4
    return 3


def show_by_lines(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Leave out of a traceback what has no number of a line, as between two of them: pytest would fail of it."""
    excinfo.traceback = excinfo.traceback.filter(_has_line)


def _has_line(entry: Any) -> bool:
    with suppress(TypeError):
        return isinstance(entry.lineno, int)
    return False
