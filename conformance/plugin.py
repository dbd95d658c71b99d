"""The pytest plugin: it checks what is asked for, looks at the server, and registers who runs and who gathers."""

from __future__ import annotations

import importlib.util
import random
import signal
import sys
import threading
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from conformance.categories import CATEGORIES
from conformance.controller import Controller, folder_of, is_outside, run_in_parallel
from conformance.harness.run import folder, planning, probe
from conformance.harness.run.report import CaseReport
from conformance.harness.settings import UsageError
from conformance.harness.verdict import known, outcome
from conformance.options import profile_of, pytest_addoption, settings_of
from conformance.profile import Profile
from conformance.worker import Worker

__all__ = ["pytest_addoption"]  # a hook that pytest looks for here

FOUND = pytest.StashKey[probe.Found]()
COUNT = pytest.StashKey[int]()
KNOWN = pytest.StashKey[known.Known]()
MARKERS = (
    "judges(*requirements, control=None, title=None): the requirements that a case judges, the main one first, the "
    "parameters of the same case without what it judges, and what must come, where its docstring does not say it",
    "clock(limits, own=False): a case that waits so many time limits, side by side with the others that do; its own "
    "server is one that is started for it alone, where that can be done",
    "alone(fresh=True, heavy=False): a case that holds the server alone; a launched one is started anew",
    "long: a case that takes its time without waiting for a clock",
    "places(count): how many connections a case holds at once",
    "conversations(usual, quick): how many random conversations a case runs, and how many in a quick run",
)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Check the options, look at the server once, and choose how to run in parallel."""
    option = config.option
    if option.help or option.version or hasattr(config, "workerinput"):
        return None
    try:
        profile = profile_of(config)
        if option.collectonly:
            return None
        _take_termination_for_an_interrupt(config)
        if option.seed is None:
            option.seed = random.SystemRandom().randrange(10**6)
        settings = settings_of(config)
        settings.check()
        profile.check(settings)
        _choose_cases(config, profile)
        _expect_cases(config)
        if option.expected is not None:
            ledger = profile.ledger(settings.own)
            config.stash[KNOWN] = known.read(Path(option.expected), ledger, _home(profile))
        found = probe.look(settings, profile)
        folder.expect_writable(folder_of(config, found))
        if getattr(option, "xmlpath", None):
            folder.expect_writable(Path(option.xmlpath).parent, "--junitxml in")
    except UsageError as error:
        return _refuse(str(error), outcome.USAGE)
    except probe.Unreachable as error:
        return _refuse(str(error), outcome.UNREACHABLE)
    except KeyboardInterrupt:
        return _refuse("interrupted", outcome.INTERRUPTED)
    config.stash[FOUND] = found
    run_in_parallel(config, found, profile, settings)
    return None


def _choose_cases(config: pytest.Config, profile: Profile) -> None:
    """Where all cases are asked for, ask for those of the profile, or for those alone that are named beside."""
    suite, home = Path(__file__).parent, _home(profile)

    def where(word: str) -> str:
        here, there = config.invocation_params.dir / word, home.parent / word.partition("::")[0]
        if here.absolute() == suite:
            return str(home)
        return str(home.parent / word) if there.exists() and not Path(str(here).partition("::")[0]).exists() else word

    chosen = [where(word) for word in config.args]
    # Newer versions of pytest would take these for parts of the folder, and run all.
    named = [word for word in chosen if home in (config.invocation_params.dir / word).parents]
    config.args[:] = [word for word in chosen if word != str(home)] if named else chosen


def _home(profile: Profile) -> Path:
    """The folder of a profile's cases."""
    spec = importlib.util.find_spec(profile.package)
    if not spec or not spec.submodule_search_locations:
        raise UsageError(f"the profile {profile.name}: its {profile.package} is no package")
    return Path(spec.submodule_search_locations[0])


def _expect_cases(config: pytest.Config) -> None:
    for word in () if config.option.pyargs else config.args:
        if not (config.invocation_params.dir / word.partition("::")[0]).exists():
            raise UsageError(f"{word}: not found: `--collect-only -q` lists the cases")


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Name a case that is not there as the user did."""
    try:
        return (yield)
    except pytest.UsageError as error:
        place, package = (
            str(error).partition("\n")[0].removeprefix("not found: "),
            session.config.stash[planning.PACKAGE],
        )
        for word in session.config.args:
            if word.partition("[")[0] == place:
                said = f"{planning.inside(package, word)}: not found: `--collect-only -q` lists the cases"
                raise pytest.UsageError(said) from None
        raise


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """Say in one line what another plugin could not write, JUnit's file for one; the report is told all the same."""
    try:
        return (yield)
    except OSError as error:
        print(f"\nconformance: cannot write to {error.filename or 'a file'}: {error.strerror}", file=sys.stderr)
        session.exitstatus = outcome.FAULT
        return None


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


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, what runs the cases, and what gathers their records."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    given = getattr(config, "workerinput", {}).get("conformance")
    if given:
        config.option.seed = given["seed"]
        config.stash[KNOWN] = known.Known(tuple(given["known"]))
    found = probe.Found(**given["found"]) if given else config.stash.get(FOUND, None)
    try:
        profile = profile_of(config)
    except UsageError:
        return  # it was said why
    _choose_cases(config, profile)  # a worker has the words of the command line
    config.stash[planning.PACKAGE] = profile.package
    if found is None:
        return
    settings, expected = settings_of(config), config.stash.get(KNOWN, known.NONE)
    here = given or not getattr(config.option, "tx", None)
    worker = Worker(settings, profile, found, bool(given), expected) if here else None
    if not given:
        # Before the worker, whose hooks come first then.
        config.pluginmanager.register(Controller(config, settings, profile, found, worker, expected), "controller")
    if worker:
        config.pluginmanager.register(worker, "worker")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let pytest name cases as the suite does where it would say how one gets to the folder of an installation."""
    config = session.config
    terminal = config.pluginmanager.getplugin("terminalreporter")
    if terminal and is_outside(config):
        package = config.stash[planning.PACKAGE]

        def named(node: Any) -> Any:
            id = planning.inside(package, str(node))
            return id if isinstance(node, str) else type(node).parse(id)  # no text since pytest 9.2

        vars(config)["cwd_relative_nodeid"] = named
        terminal.startpath = config.rootpath / "conformance"


def pytest_itemcollected(item: pytest.Item) -> None:
    """Number the cases in the order of the files, which is that of the results whatever other plugins do."""
    item.stash[planning.POSITION] = position = item.config.stash.get(COUNT, 0)
    item.config.stash[COUNT] = position + 1


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """Leave out what --quick leaves out, and order the cases: those that wait begin first, exclusive ones end."""
    if wrong := _mistake(items, config) or _unknown(config, items):
        items.clear()
        if not hasattr(config, "workerinput"):
            raise pytest.UsageError(wrong)
        vars(config)["workeroutput"]["mistake"] = wrong
    distributed, kind = hasattr(config, "workerinput"), profile_of(config).kind
    shared = kind.places if config.option.target else 0
    if config.option.quick:
        # Other plugins may have shuffled them already, and every server is to be judged by the same ones.
        kept = set(planning.quick(sorted(items, key=lambda item: item.stash[planning.POSITION])))
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = [item for item in items if item in kept]
    yield
    items.sort(key=lambda item: (planning.sort_key(item, distributed, shared), item.stash[planning.POSITION]))


def _mistake(items: list[pytest.Item], config: pytest.Config) -> str:
    profile = profile_of(config)
    known = profile.ledger(settings_of(config).own)
    if wrong := planning.misnamed(f"the profile {profile.name}", profile.kind.rules.named, known):
        return wrong
    cases = [item for item in items if isinstance(item, pytest.Function) and planning.is_case(item)]
    return next(filter(None, (planning.mistake(case, known) for case in cases)), "")


def _unknown(config: pytest.Config, items: list[pytest.Item]) -> str:
    """What is said of a known failure that is no case, where whole files were collected."""
    if KNOWN not in config.stash or any("::" in word for word in config.args):
        return ""
    return known.mistake(config.stash[KNOWN], {planning.case_id(item) for item in items if planning.is_case(item)})


@pytest.fixture
def case() -> None:
    """What a case has in hand; it is given to the case when the case is run."""


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, dict[str, Any] | None, dict[str, Any] | None]:
    """Let what a case came to travel from worker to controller, or into another plugin's file, with pytest's report."""
    data = yield
    CaseReport.pack(data or {})
    return data


@pytest.hookimpl(tryfirst=True)
def pytest_report_from_serializable(data: dict[str, Any]) -> None:
    """Take out again what has travelled."""
    CaseReport.unpack(data)


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Name the verdicts; a case that found a fault of the server has a table of its own and no traceback."""
    sent = CaseReport.on(report)
    if not sent or report.when != "call":
        return None
    verdict = sent.case.verdict
    if hasattr(report, "wasxfail"):
        return "known", "x", f"{verdict.upper()} (known)"
    word, letter = CATEGORIES[verdict]
    return word, letter, verdict.upper()
