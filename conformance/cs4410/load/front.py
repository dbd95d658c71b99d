"""The assignment on the command line of the load."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO

from conformance.cs4410 import dialect
from conformance.cs4410.kind import KIND
from conformance.cs4410.load.assignment import AFTER_LIMIT, Assignment
from conformance.cs4410.mailbox import Folder
from conformance.harness.server import proc
from conformance.harness.server.launch import Process
from conformance.harness.settings import UsageError
from conformance.load import front
from conformance.load.front import Prepared
from conformance.load.options import Options
from conformance.load.spool import Spool

TIME_LIMIT = 10.0
DIALECT = "cs4410-2016"


class Front(front.Front):
    """What `conformance.load.front.Front` asks for."""

    kind = KIND
    title = "--profile cs4410, the assignment; the default"
    most, least = 32, 2

    def add(self, option: Callable[..., argparse.Action]) -> None:
        """Add its options."""
        option("--time-limit", type=front.number(0.2, 3600, "seconds, 0.2 to 3600"), metavar="SECONDS",
               help=f"the server's ({TIME_LIMIT:g}), by which time-outs are judged")  # fmt: skip
        option("--dialect", metavar="NAME", help=f"which edition's words ({DIALECT}), or a TOML file")
        option(
            "--mailbox", metavar="DIR", help="where a server of yours keeps its mailbox: look up every message there"
        )

    def options(self, given: argparse.Namespace, asked: Options) -> Options:
        """Check what is given, and complete what is asked for.

        Raises:
            UsageError: it cannot be.
        """
        limit = TIME_LIMIT if given.time_limit is None else given.time_limit
        least = limit + AFTER_LIMIT
        if asked.duration < least:
            raise UsageError(
                f"--duration {asked.duration:g}: at least {least:g}, the time limit and 3 s, so that time-outs fit"
            )
        if asked.think > limit / 2:
            raise UsageError(f"--think {asked.think:g}: at most half the time limit, or the clients are timed out")
        if given.mailbox is not None and not Path(given.mailbox).is_dir():
            raise UsageError(f"--mailbox {given.mailbox}: no such directory")
        self._words(given)
        return replace(asked, time_limit=limit)

    def command(self, given: argparse.Namespace) -> str | None:
        """None: the server is looked for at its usual place."""
        return None

    def prepare(self, given: argparse.Namespace, asked: Options, process: Process | None, file: IO[bytes]) -> Prepared:
        """What the run is made with."""
        profile = Assignment(self._words(given), asked)
        folder = _folder(given.mailbox, asked, process)
        if folder is None:
            return Prepared(profile)
        spool = Spool(file)
        return Prepared(profile, spool, (profile.store(folder), spool))

    def _words(self, given: argparse.Namespace) -> dialect.Dialect:
        try:
            return dialect.load(given.dialect or DIALECT)
        except dialect.DialectError as error:
            raise UsageError(str(error)) from None


def _folder(mailbox: str | None, asked: Options, process: Process | None) -> Folder | None:
    if mailbox is None:
        return Folder(process.directory) if process else None
    row = proc.listener(*asked.address)
    pid = proc.owner(row) if row else None
    # Backups of a server that ran there before are not this one's.
    return Folder(Path(mailbox), proc.started(pid) if pid else 0.0)
