"""What the standard says of its servers, apart from what they say, and which of its rules the engine has to name."""

from __future__ import annotations

import shlex
from pathlib import Path

from conformance.harness.rules import Rules
from conformance.harness.server.kind import Kind
from conformance.stores.opening import open_store
from conformance.stores.store import MailStore, StoreError

REFERENCE_USER = "reference"
REFERENCE_PASSWORD = Path(__file__).with_name("reference-password.txt")
"""Who can log in to the reference server where none is named: no secret, for it serves this machine alone."""
_LOGIN = f"--user {REFERENCE_USER} --password-file {shlex.quote(str(REFERENCE_PASSWORD))}"


ARRIVES = 15.0
"""Seconds within which a delivered message is to be seen."""


class Place:
    """Where delivered mail is read.

    Args:
        directory: the directory, or as the tester names the place.
        spec: as in `--store`.

    Attributes:
        mail: what lies there.
        trouble: why it could not be read at the last look; empty if it could.
    """

    def __init__(self, directory: Path | str, spec: str) -> None:
        self.directory = directory
        self.mail: MailStore = open_store(spec)
        self.trouble = ""

    def holds(self, mark: bytes) -> bool:
        """Whether a message with this mark can be read there now."""
        self.trouble = ""
        try:
            return bool(self.mail.find(mark))
        except StoreError as error:  # there is no such place, or not yet
            self.trouble = str(error)
            return False


class Maildir(Place):
    """The Maildir of a server that the suite starts: in the directory in which it is started, if it makes one there.

    Args:
        directory: where the server was started.
        since: seconds of the epoch; not needed, for each message has a marker of its own.
    """

    def __init__(self, directory: Path, since: float) -> None:
        super().__init__(directory, f"maildir:{directory}")


def _maildir_in(directory: Path, since: float) -> Maildir | None:
    return Maildir(directory, since) if directory.is_dir() else None


KIND = Kind(
    port=25,
    places=6,
    ungreeted=4,
    reference=("reference_server", f"--protocol rfc5321 --port {{port}} {_LOGIN}"),
    store=_maildir_in,
    arrives=ARRIVES,
    between=10.0,
    mail_option="--store SPEC",
    found_by_process=False,
    twice=True,
    rules=Rules(
        alive="close.serves-on",
        greeting="greet.first",
        answer="reply.one",
        prompt="time.reply",
        given_up={"greet.first": "no greeting came"},
        unproved=("greet.first", "conn.parallel", "reply.one"),
    ),
)
