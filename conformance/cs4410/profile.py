"""The profile of the assignment, CS 4410's MP3 and its editions."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from conformance.cs4410 import dialect, ledger
from conformance.cs4410.case import Case
from conformance.cs4410.kind import KIND
from conformance.cs4410.scene import KNOCKED
from conformance.harness.client.scene import Scene
from conformance.harness.server.look import Look
from conformance.harness.settings import Settings, UsageError
from conformance.harness.verdict.ledger import Ledger
from conformance.harness.wire.connection import Silent
from conformance.harness.wire.reply import Reply
from conformance.profile import Option, Profile

_words = cache(dialect.load)


class CS4410(Profile):
    """The assignment: a multi-threaded SMTP server."""

    name = "cs4410"
    package = "conformance.cs4410"
    kind = KIND
    time_limit = 10.0
    options = (
        Option("mailbox", None, "Where a --target server on this machine keeps its mailbox.", "DIR", of_server=True),
        Option(
            "source",
            None,
            "The server's source, to see which primitives its pool is built from.",
            "DIR",
            of_server=True,
        ),
        Option("dialect", "cs4410-2016", "cs4410-2016 (default), cs4410-2014 or a TOML file.", "NAME"),
        Option("course", "4410", "For 4411 the backup is extra credit.", choices=("4410", "4411")),
    )

    def check(self, settings: Settings) -> None:
        """Refuse what cannot be.

        Raises:
            UsageError: a directory is not there, or a dialect is none.
        """
        own = settings.own
        if own["mailbox"] is not None and not Path(own["mailbox"]).is_dir():
            raise UsageError(f"--mailbox {own['mailbox']}: no such directory")
        if own["source"] is not None and not Path(own["source"]).exists():
            raise UsageError(f"--source {own['source']}: no such file or directory")
        try:
            _words(own["dialect"])
        except dialect.DialectError as error:
            raise UsageError(str(error)) from None

    def ledger(self, own: Mapping[str, Any]) -> Ledger:
        """The requirements, as the course has them."""
        return ledger.load(own["course"])

    def facts(self, own: Mapping[str, Any]) -> Mapping[str, str]:
        """Which edition of the assignment it was."""
        return {"dialect": own["dialect"], "course": own["course"]}

    def directory(self, own: Mapping[str, Any]) -> str | None:
        """The directory of the mailbox, as the user says."""
        said: str | None = own["mailbox"]
        return said

    def look(self, look: Look) -> None:
        """Have a message delivered, with a mistake on the way.

        Raises:
            WireError: the server does not go along.
            UsageError: it is a mail server of the standard.
        """
        greeting = None
        with suppress(Silent):
            greeting = look.greeting(0.5 * look.settings.time_limit)
            look.greeted = greeting is not None and greeting.code.startswith("2")
        if greeting and look.greeted and _is_a_mail_server(greeting, look):
            raise UsageError("this looks like a mail server, not like one of the assignment: try --profile rfc5321")
        words, sender = look.words, f"{look.mark}@example.org"
        hello = f"HELO {words.host()}\r\n".encode()
        reply = look.say(hello) if look.greeted else _knock(hello, look)
        if not reply.code or not (look.greeted or reply.code.startswith("2")):
            look.answered = False  # whatever it is, it speaks no such protocol
            return
        for line in (f"MAIL FROM: {sender}", "mkdir", f"RCPT TO: {words.address()}", "DATA"):
            reply = look.say(f"{line}\r\n".encode())
        if reply.code.startswith("3"):  # else the lines of the body would be commands, and answered one by one
            with look.delivering():
                look.delivered = look.say(words.body(1) + b".\r\n").code.startswith("2")

    def case(self, scene: Scene) -> Case:
        """A case with clients and a mailbox."""
        return Case(scene, _words(scene.settings.own["dialect"]))


def _knock(line: bytes, look: Look) -> Reply:
    """The reply to a line that a server may have waited for to greet the client, and may have dropped then."""
    reply = look.say(line, alone=False)
    if reply.code != "220":
        return reply
    look.greeted = True
    look.learned[KNOCKED] = "answered"
    try:
        return look.hear(0.5 * look.settings.time_limit)
    except Silent:
        look.learned[KNOCKED] = "dropped"
        return look.say(line)


def _is_a_mail_server(greeting: Reply, look: Look) -> bool:
    """Whether a server that greets with other words announces extensions, which none of the assignment has."""
    if "SMTP" not in greeting.text or "CS4410" in greeting.text:
        return False
    return len(look.say(f"EHLO {look.words.host()}\r\n".encode()).lines) > 1


PROFILE = CS4410()
