"""The pytest plugin: the hand-over of cases to the harness, exit status, and the call to the reports."""

from __future__ import annotations

import random
import shlex
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from conformance import publish
from conformance.cs4410 import dialect
from conformance.harness.run import again, folder, planning, probe
from conformance.harness.run.results import Collector
from conformance.harness.run.runner import Runner
from conformance.harness.run.scheduling import OneByOne
from conformance.harness.settings import UsageError
from conformance.harness.verdict import ledger, outcome
from conformance.options import command, pytest_addoption, repeat, settings_of
from conformance.progress import Progress
from conformance.told import Told

__all__ = ["pytest_addoption"]  # a hook that pytest looks for here

RUNNER = pytest.StashKey[Runner]()
COLLECTOR = pytest.StashKey[Collector]()
SESSION = pytest.StashKey[pytest.Session]()
COUNT = pytest.StashKey[int]()
MARKERS = (
    "judges(*requirements, control=None): the requirements that a case judges, the main one first, and the "
    "parameters of the same case without what it judges",
    "clock(limits, own=False): a case that waits so many time limits, side by side with the others that do; its own "
    "server is one that is started for it alone, where that can be done",
    "alone(fresh=True, heavy=False): a case that holds the server alone; a launched one is started anew",
    "long: a case that takes its time without waiting for a clock",
    "places(count): how many connections a case holds at once",
)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Check the options, look at the server once, and choose how to run in parallel."""
    option = config.option
    if option.collectonly or option.help or option.version or hasattr(config, "workerinput"):
        return None
    _take_termination_for_an_interrupt(config)
    if option.seed is None:
        option.seed = random.SystemRandom().randrange(10**6)
    try:
        settings = settings_of(config)
        settings.check()
        dialect.load(settings.dialect)
        _expect_cases(config)
    except (UsageError, dialect.DialectError) as error:
        return _refuse(str(error), outcome.USAGE)
    try:
        found = probe.look(settings)
        folder.expect_writable(_folder(config, found))
    except UsageError as error:
        return _refuse(str(error), outcome.USAGE)
    except probe.Unreachable as error:
        return _refuse(str(error), outcome.UNREACHABLE)
    except KeyboardInterrupt:
        return _refuse("interrupted", outcome.INTERRUPTED)
    option.conformance_found = found.plain()
    _run_in_parallel(config, found)
    return None


def _expect_cases(config: pytest.Config) -> None:
    for word in () if config.option.pyargs else config.args:
        if not (config.invocation_params.dir / word.partition("::")[0]).exists():
            raise UsageError(f"{word}: not found: `--collect-only -q` lists the cases")


def _take_termination_for_an_interrupt(config: pytest.Config) -> None:
    """End at SIGTERM, which is how CI systems and `timeout` cancel a run, as at Ctrl-C: with a report."""
    if threading.current_thread() is threading.main_thread():
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        config.add_cleanup(partial(_handle, before))


def _handle(handler: Any) -> None:
    signal.signal(signal.SIGTERM, handler)


def _refuse(message: str, status: int) -> int:
    print(f"conformance: {message}", file=sys.stderr)
    return status


def _run_in_parallel(config: pytest.Config, found: probe.Found) -> None:
    """Two workers unless told otherwise, one for the cases that wait, one for the others; more to wait for replies.

    Every worker holds some 40 MiB. One process is enough where next to nothing will be judged, or cases are named.
    """
    option = config.option
    if not config.pluginmanager.hasplugin("xdist") or Runner.only_one(found) or option.usepdb:
        option.numprocesses = 0
    elif option.numprocesses is None and not option.tx:
        named = any("::" in word for word in config.args)
        option.numprocesses = 0 if named or found.doubts() else _workers(found, option.quick)
    if option.numprocesses is not None:
        # xdist may have looked at the option before we did.
        option.tx = ["popen"] * option.numprocesses
        option.dist = "load" if option.tx else "no"


def _workers(found: probe.Found, quick: bool) -> int:
    """Two for a server that answers at once; more where replies, or the end of them, have to be waited for."""
    if found.latency >= 0.05:
        return 5
    if found.latency >= 0.02 and not found.chatty:
        return 4
    return 3 if quick or found.chatty else 2


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand a worker what the controller alone decides: the seed, and what the first look found."""
    option = node.config.option
    node.workerinput["conformance"] = {"seed": option.seed, "conformance_found": option.conformance_found}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what servers printed after a worker's last case, or why it ran none."""
    output = getattr(node, "workeroutput", {})
    if "mistake" in output:
        raise pytest.UsageError(output["mistake"])
    if Collector.current:
        Collector.current.complaints.update(output.get("complaints", {}))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneByOne:
    """Hand out cases in an order of our own."""
    shared = probe.Found(**config.option.conformance_found).command is None
    return OneByOne(config, shared, log)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers and, in the controller, what gathers the records."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    if hasattr(config, "workerinput"):
        vars(config.option).update(config.workerinput["conformance"])
    elif hasattr(config.option, "conformance_found"):
        settings = settings_of(config)
        rules = ledger.load(settings.course)
        found = probe.Found(**config.option.conformance_found)
        collector = Collector(settings, found, rules, datetime.now(UTC), time.monotonic())
        config.stash[COLLECTOR] = collector


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to tell of the run where this process runs the cases."""
    if not session.config.option.collectonly and not session.testsfailed:
        _begin_to_tell(session.config, [planning.case_id(item) for item in session.items if planning.is_case(item)])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: Sequence[str]) -> None:
    """Begin to tell of the run where workers run the cases, which all collect the same."""
    _begin_to_tell(node.config, [planning.inside_package(id) for id in ids])


def _begin_to_tell(config: pytest.Config, ids: Sequence[str]) -> None:
    plugins, collector = config.pluginmanager, config.stash.get(COLLECTOR, None)
    terminal = plugins.getplugin("terminalreporter")
    if ids and collector and terminal and config.option.verbose >= 0 and not plugins.hasplugin("progress"):
        workers = getattr(config.option, "numprocesses", None) or 1
        plugins.register(Progress(terminal, collector.settings, collector.found, workers, ids), "progress")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let pytest name cases as the suite does where it would say how one gets to the folder of an installation."""
    terminal = session.config.pluginmanager.getplugin("terminalreporter")
    if terminal and _is_outside(session.config):
        vars(session.config)["cwd_relative_nodeid"] = lambda id: planning.inside_package(str(id))
        terminal.startpath = session.config.rootpath / planning.PACKAGE


def pytest_report_header(config: pytest.Config) -> str:
    """Say what is tested, and the seed."""
    collector = config.stash.get(COLLECTOR, None)
    return collector.header() if collector else ""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Number the cases in the order of the files, which is that of the results whatever other plugins do."""
    item.stash[planning.POSITION] = position = item.config.stash.get(COUNT, 0)
    item.config.stash[COUNT] = position + 1


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """Leave out what --quick leaves out, and order the cases: those that wait begin first, exclusive ones end."""
    if wrong := _mistake(items, ledger.load(config.option.course)):
        items.clear()
        if not hasattr(config, "workerinput"):
            raise pytest.UsageError(wrong)
        vars(config)["workeroutput"]["mistake"] = wrong
    distributed, shared = hasattr(config, "workerinput"), bool(config.option.target)
    if config.option.quick:
        gone = [item for item in items if planning.takes_long(item)]
        config.hook.pytest_deselected(items=gone)
        items[:] = [item for item in items if item not in gone]
    yield
    items.sort(key=lambda item: (planning.turn(item, distributed, shared), item.stash[planning.POSITION]))


def _mistake(items: list[pytest.Item], known: ledger.Ledger) -> str:
    cases = [item for item in items if isinstance(item, pytest.Function) and planning.is_case(item)]
    return next(filter(None, (planning.mistake(case, known) for case in cases)), "")


@pytest.fixture
def case() -> None:
    """What a case has in hand; it is given to the case when the case is held."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Begin with the cases that wait where all of them are held in this process."""
    config = session.config
    if not hasattr(config.option, "conformance_found") or session.testsfailed or config.option.collectonly:
        return
    if hasattr(config, "workerinput") or not config.option.numprocesses:
        settings = settings_of(config)
        found = probe.Found(**config.option.conformance_found)
        config.stash[RUNNER] = runner = Runner(settings, found, ledger.load(settings.course))
        if not hasattr(config, "workerinput") and not Runner.only_one(found):
            runner.wait_behind(planning.waiting(session.items))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object | None:
    """Hold a case, and tell pytest what came of it."""
    if not planning.is_case(pyfuncitem):
        return None
    runner = pyfuncitem.config.stash[RUNNER]
    if pyfuncitem.get_closest_marker("clock"):
        runner.wait_behind(planning.waiting(pyfuncitem.session.items))
    plan = planning.plan_of(pyfuncitem)
    # With --junitxml they become properties of the test case.
    pyfuncitem.user_properties += [("requirement", id) for id in plan.requirements]
    record = runner.hold(plan)
    pyfuncitem.stash[planning.RECORD] = record
    worst = record.worst
    if record.verdict == "fail" and worst:
        pytest.fail(f"{worst.requirement}: {worst.reason}", pytrace=False)
    if record.verdict in ("skip", "blocked") and worst:
        pytest.skip(f"{worst.requirement}: {worst.reason}" if record.blocked_by else worst.reason)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Hang the case's record on the report, as plain data that travels from worker to controller."""
    report = yield
    record = item.stash.get(planning.RECORD, None)
    if call.when == "call" and record is not None:
        runner = item.config.stash[RUNNER]
        often = ["--times", "10"] if item.get_closest_marker("alone") else []
        plain = record.plain(repeat(item.config, *often, record.id))
        data = {
            "position": item.stash[planning.POSITION],
            "case": plain,
            "notes": [*runner.notes, *record.notes],
            "cut_short": record.cut_short,
            "suspects": record.suspects,
            "files": record.files,
            "before": record.before,
            "complaints": dict(runner.take_complaints()),
            "refusal": runner.refusal,
        }
        if runner.refusal:
            item.session.shouldstop = runner.refusal
        vars(report)["conformance"] = data
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Gather records; in a worker there is no collector, and the report travels on."""
    collector = Collector.current
    if collector is None:
        return
    data = getattr(report, "conformance", None)
    if data:
        collector.add(data)
        if report.failed:
            vars(report)["longrepr"] = Told(data["case"])
        collector.complaints.update(data["complaints"])
        collector.refusal = collector.refusal or data["refusal"]
    elif report.failed:
        collector.fault = True


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Name the verdicts; a case that found a fault of the server has a table of its own and no traceback."""
    data = getattr(report, "conformance", None)
    if not data or report.when != "call":
        return None
    verdict = data["case"]["verdict"]
    letters = {"fail": "F", "warn": "w", "note": "n", "blocked": "b", "skip": "s", "pass": "."}
    words = {"fail": "broken", "warn": "warned", "note": "noted", "skip": "skipped", "pass": "passed"}
    return words.get(verdict, verdict), letters[verdict], verdict.upper()


def pytest_keyboard_interrupt(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Know that the user stopped the run, which is not what -x does."""
    if Collector.current and excinfo.type is KeyboardInterrupt:
        Collector.current.interrupted = True


def pytest_internalerror() -> None:
    """Know that the suite itself went wrong."""
    if Collector.current:
        Collector.current.fault = True


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Know that a file of cases could not be read."""
    if Collector.current and report.failed:
        Collector.current.fault = True


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """End the servers; in the controller write results.json and decide the exit status."""
    config = session.config
    collector = config.stash.get(COLLECTOR, None)
    if runner := config.stash.get(RUNNER, None):
        last = runner.take_complaints()
        if collector:
            collector.complaints.update(last)
        else:
            vars(config)["workeroutput"]["complaints"] = dict(last)
        runner.stop()
    if collector is None or int(exitstatus) == outcome.USAGE:
        return
    if collector.refusal:
        session.exitstatus = _refuse(collector.refusal, outcome.UNREACHABLE)
        return
    run_again = None if config.option.alone_again else lambda cases: _run_again(config, cases)
    session.exitstatus = collector.finish(_folder(config, collector.found), run_again)
    config.stash[SESSION] = session


def _is_outside(config: pytest.Config) -> bool:
    """Whether this is `python -m conformance`: it brings its own settings, and its root is where it is installed."""
    return config.inipath is not None and config.inipath.name == "suite.ini"


def _folder(config: pytest.Config, found: probe.Found) -> Path:
    """Where the reports of a run go."""
    if config.option.report:
        return Path(config.option.report)
    some = any("::" in word or word.endswith(".py") for word in config.args)
    part = bool(config.option.keyword or config.option.markexpr or some)
    root = config.invocation_params.dir if _is_outside(config) else config.rootpath
    return root / "reports" / "out" / folder.name_of(found.name, part)


def _run_again(config: pytest.Config, cases: list[str]) -> list[dict[str, Any]]:
    """Run cases again, each alone on a fresh server, in a run of their own."""
    terminal = config.pluginmanager.getplugin("terminalreporter")
    if terminal and config.option.verbose >= 0:
        count = f"{len(cases)} cases again, each" if len(cases) > 1 else "a case again"
        terminal.write_line(f"\nrunning {count} alone: nothing that is found broken kept it from its point")
    _, *words = shlex.split(command(config, vars(config.option)))
    if config.option.shown_as:
        words += ["--shown-as", config.option.shown_as]
    with tempfile.TemporaryDirectory(prefix="conformance-again-") as place:
        words += ["--alone-again", "-q", "-p", "no:xdist", "--report", place, *cases]
        return again.run([sys.executable, *words], config.invocation_params.dir, Path(place))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show the table, the failures and the verdict, as anyone could from results.json."""
    collector = config.stash.get(COLLECTOR, None)
    if collector is None or not collector.document:
        return
    write = terminalreporter.write_line
    with ThreadPoolExecutor() as threads:
        verbose = config.option.verbose > 0
        text = threads.submit(publish.shown, collector.document, terminalreporter.hasmarkup, verbose)
        unwritten = publish.pages(collector.path) if collector.path else [f"conformance: {collector.unwritten}"]
    where = f"results: {collector.path}, report.md, report.html"
    if collector.path:
        write("\n" + where)
    terminalreporter.write(text.result())
    for line in unwritten:
        write(f"\n{line}", red=True)
        config.stash[SESSION].exitstatus = outcome.FAULT
    if collector.path:
        write(where)
