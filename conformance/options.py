"""The suite's options, and the command lines that repeat them."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from conformance import profile
from conformance.harness.settings import Settings, UsageError
from conformance.profile import Option, Profile
from conformance.version import version

Add = Callable[..., object]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the suite's options, and those of every profile."""
    _add_options(lambda name, title: parser.getgroup(name, title).addoption, sorted(profile.names()))


def _add_options(group: Callable[[str, str], Add], shown: Sequence[str]) -> None:
    """Add the options of the suite, and of some profiles."""
    names = sorted(profile.names())
    add = group("conformance", "SMTP conformance")
    add("--profile", default=profile.DEFAULT, metavar="NAME", help=f"What to judge by: {', '.join(names)}.")
    add("--target", metavar="HOST:PORT", help="The server to test; an IPv6 host in brackets.")
    add(
        "--launch",
        metavar="COMMAND",
        help="Start the server to test: {host}, {port} and {time_limit} are filled in. Without {port} it is expected "
        "on the profile's own port. Without --target and --launch the reference server is tested.",
    )
    add("--wrap", metavar="COMMAND", help="Put this in front of the command that starts the server, as a sandbox is.")
    add(
        "--shown-as",
        metavar="COMMAND",
        help="What reports call the command that starts the server, in place of --launch and --wrap: how its author "
        "starts it.",
    )
    add("--time-limit", type=float, metavar="SECONDS", help="The server's time limit (default: the profile's).")
    add("--seed", type=int, help="Decides every host, address, body and cut (default: random, and printed).")
    add(
        "--examples",
        type=int,
        metavar="N",
        help="How many random conversations are run, however slow the server is (default 300, or what the "
        "profile has; 10 with --quick, fewer on a server that is slow by itself; 10000 for a night).",
    )
    add(
        "--times",
        type=int,
        default=1,
        metavar="N",
        help="Run a case that finds nothing again, so many times in all: for what shows only now and then.",
    )
    add("--alone-again", action="store_true", help=argparse.SUPPRESS)  # each case alone, on a server of its own
    add("--expected", metavar="FILE", help="Known failures, an id a line, that fail no run; one that passes does.")
    add("--fail-on-warn", action="store_true", help="Count a broken SHOULD as a failure.")
    add(
        "--quick",
        action="store_true",
        help="Leave out the cases that wait for a clock and the longest, and run two variants of each at most.",
    )
    add(
        "--report",
        metavar="DIR",
        help="Where results.json, report.md and report.html go (default reports/out/<target>).",
    )
    taken: set[str] = set()
    for name in shown:
        add = group(name, f"profile {name}")
        # Two profiles may have an option in common; each has its own default for it.
        for option in (one for one in _own_options(name) if one.name not in taken):
            add(option.flag, help=option.help, **_form(option))
            taken.add(option.name)


def _own_options(name: str) -> Sequence[Option]:
    """The options of a profile; none of one that cannot be imported, which matters to those alone who ask for it."""
    try:
        return profile.find(name).options
    except UsageError:
        return ()


def _form(option: Option) -> dict[str, Any]:
    """How an option is read; none has a default here, for what was not given is the profile's to say."""
    if option.default is False:
        return {"action": "store_const", "const": True}
    if option.default == ():
        return {"action": "append", "metavar": option.metavar}
    form: dict[str, Any] = {"metavar": option.metavar}
    if option.default is not None:
        form["type"] = type(option.default)
    if option.choices:
        form["choices"] = option.choices
    return form


def profile_of(config: pytest.Config) -> Profile:
    """What is judged by.

    Raises:
        UsageError: there is no such profile.
    """
    return profile.find(config.option.profile)


def manual(judged_by: str = profile.DEFAULT) -> str:
    """What `python -m conformance --help` shows: the suite's options, and those of pytest that serve it best.

    Args:
        judged_by: the profile whose own options are shown.
    """
    others = " ".join(f"`--profile {name} --help`" for name in sorted(profile.names()) if name != judged_by)
    parser = argparse.ArgumentParser(
        prog="python -m conformance",
        usage="%(prog)s [options] [CASE ...]",
        description=f"Points the SMTP conformance suite ({version()}) at a server: --target for one that is running, "
        "--launch for one that the suite starts, the reference server without either. A CASE is a file of cases, or "
        "one of them as reports name it: 'cs4410/test_greeting.py::test_greeting'.",
        epilog="Exit status: 0 conforms, 1 does not, 2 interrupted, 3 a fault of the suite, 4 wrong usage, 5 nothing "
        f"was judged, 6 the server cannot be reached. For what other profiles take: {others}.",
        add_help=False,
    )
    _add_options(lambda _, title: parser.add_argument_group(title).add_argument, [judged_by])
    add = parser.add_argument_group("of pytest, which runs it").add_argument
    add("-k", metavar="EXPRESSION", help="Run the cases whose names match: 'greeting and not crlf'.")
    add("-m", metavar="EXPRESSION", help="Run the cases whose markers match: 'not clock'.")
    add("-x", action="store_true", help="Stop at the first case that fails.")
    add("-n", metavar="N", help="So many workers (default: as the server's speed asks for); 0 for one process.")
    add("-v", action="store_true", help="Tell every case, and in the report more of each.")
    add("-q", action="store_true", help="Tell nothing while it runs.")
    add("--junitxml", metavar="FILE", help="Write the results as JUnit XML too.")
    add("--collect-only", action="store_true", help="List the cases and run none; with -q only their names.")
    add("--help-pytest", action="store_true", help="All of pytest's options.")
    return parser.format_help()


def settings_of(config: pytest.Config) -> Settings:
    """The suite's options as the harness takes them."""
    option, judged_by = config.option, profile_of(config)
    values = {name: getattr(option, name) for name in Settings.__dataclass_fields__ if name != "own"}
    if option.time_limit is None:
        values["time_limit"] = judged_by.time_limit
    return Settings(**values, own=_own(option, judged_by))


def _own(option: argparse.Namespace, judged_by: Profile) -> Mapping[str, Any]:
    given = {one.name: getattr(option, one.name) for one in judged_by.options}
    return {**judged_by.usual(), **{name: value for name, value in given.items() if value is not None}}


def repeat(config: pytest.Config, *more: str) -> str:
    """The command that runs cases again, as whoever reads the report can run it."""
    if shown := config.option.shown_as:
        return command(config, {"launch": shown}, *more)
    return command(config, vars(config.option), *more)


def command(config: pytest.Config, server: Mapping[str, str | None], *more: str) -> str:
    """The command line of a run with these options.

    Args:
        config: of the run.
        server: the options that say which server is tested.
        more: further words.
    """
    judged_by, settings = profile_of(config), settings_of(config)
    words = ["python", "-m", "conformance", "--seed", str(settings.seed)]
    usual = {"profile": profile.DEFAULT, "time_limit": judged_by.time_limit, "examples": None}
    own = {one.name: one for one in judged_by.options}
    chosen = {
        **{name: server.get(name) for name in ("target", "launch", "wrap")},
        **{name: server.get(name) if one.of_server else settings.own[name] for name, one in own.items()},
        **{name: getattr(settings, name) for name in usual},
    }
    for name, value in chosen.items():
        if value is not None and value != (own[name].default if name in own else usual.get(name)):
            words += _words(f"--{name.replace('_', '-')}", value)
    return shlex.join([*words, *more])


def _words(flag: str, value: Any) -> list[str]:
    """An option as it is written on the command line."""
    if value is True:
        return [flag]
    if isinstance(value, list | tuple):
        return [word for one in value for word in (flag, str(one))]
    return [flag, f"{value:g}" if isinstance(value, float) else str(value)]
