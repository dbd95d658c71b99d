"""The suite's options, and the command lines that repeat them."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Mapping

import pytest

from conformance.harness.settings import Settings
from conformance.version import version


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the suite's options."""
    _add_options(parser.getgroup("conformance", "SMTP conformance").addoption)


def _add_options(add: Callable[..., object]) -> None:
    add("--target", metavar="HOST:PORT", help="The server to test; an IPv6 host in brackets.")
    add(
        "--launch",
        metavar="COMMAND",
        help="Start the server to test: {host}, {port} and {time_limit} are filled in. Without {port} it is expected "
        "on 127.0.0.1:8765. Without --target and --launch the reference server is tested.",
    )
    add("--wrap", metavar="COMMAND", help="Put this in front of the command that starts the server, as a sandbox is.")
    add(
        "--shown-as",
        metavar="COMMAND",
        help="What reports call the command that starts the server, in place of --launch and --wrap: how its author "
        "starts it.",
    )
    add("--mailbox", metavar="DIR", help="Where a --target server on this machine keeps its mailbox.")
    add("--source", metavar="DIR", help="The server's source, to see which primitives its pool is built from.")
    add("--dialect", default="cs4410-2016", metavar="NAME", help="cs4410-2016 (default), cs4410-2014 or a TOML file.")
    add("--time-limit", type=float, default=10.0, metavar="SECONDS", help="The server's time limit (default 10).")
    add("--course", choices=("4410", "4411"), default="4410", help="For 4411 the backup is extra credit.")
    add("--seed", type=int, help="Decides every host, address, body and cut (default: random, and printed).")
    add(
        "--examples",
        type=int,
        metavar="N",
        help="How many random conversations are run, however slow the server is (default 300, 20 with --quick, fewer "
        "on a server that is slow by itself; 10000 for a night).",
    )
    add(
        "--times",
        type=int,
        default=1,
        metavar="N",
        help="Run a case that finds nothing again, so many times in all: for what shows only now and then.",
    )
    add("--alone-again", action="store_true", help=argparse.SUPPRESS)  # each case alone, on a server of its own
    add("--fail-on-warn", action="store_true", help="Count a broken SHOULD as a failure.")
    add("--quick", action="store_true", help="Leave out the cases that wait for a clock, and the longest.")
    add(
        "--report",
        metavar="DIR",
        help="Where results.json, report.md and report.html go (default reports/out/<target>).",
    )


def manual() -> str:
    """What `python -m conformance --help` shows: the suite's options, and those of pytest that serve it best."""
    parser = argparse.ArgumentParser(
        prog="python -m conformance",
        usage="%(prog)s [options] [CASE ...]",
        description=f"Points the SMTP conformance suite ({version()}) at a server: --target for one that is running, "
        "--launch for one that the suite starts, the reference server without either. A CASE is a file of cases, or "
        "one of them as reports name it: 'cs4410/test_greeting.py::test_greeting'.",
        epilog="Exit status: 0 conforms, 1 does not, 2 interrupted, 3 a fault of the suite, 4 wrong usage, 5 nothing "
        "was judged, 6 the server cannot be reached.",
        add_help=False,
    )
    _add_options(parser.add_argument_group("the suite").add_argument)
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
    option = config.option
    names = Settings.__dataclass_fields__
    return Settings(**{name: getattr(option, name) for name in names})


def repeat(config: pytest.Config, *more: str) -> str:
    """The command that holds cases again, as whoever reads the report can run it."""
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
    option = config.option
    words = ["python", "-m", "conformance", "--seed", str(option.seed)]
    for name in ("target", "launch", "wrap", "mailbox", "source"):
        if value := server.get(name):
            words += [f"--{name}", value]
    for name, default in (("dialect", "cs4410-2016"), ("time_limit", 10.0), ("course", "4410"), ("examples", None)):
        if (value := getattr(option, name)) != default:
            words += [f"--{name.replace('_', '-')}", f"{value:g}" if isinstance(value, float) else str(value)]
    return shlex.join([*words, *more])
