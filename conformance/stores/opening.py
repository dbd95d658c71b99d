"""Which store a tester means: the text that an option gives becomes one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from conformance.stores.command import Command
from conformance.stores.files import Directory, Maildir
from conformance.stores.imap import Imap
from conformance.stores.mbox import Mbox
from conformance.stores.sink import Elsewhere, Sink, is_open
from conformance.stores.store import MailStore, StoreError

KINDS = "maildir:DIR, mbox:FILE, dir:DIR, imap[s]://USER@HOST[:PORT]/FOLDER, command:LINE, sink:PORT"
"""What can be given."""


def open_store(spec: str, final: bool = False) -> MailStore:
    """Open what a tester gives as the place of delivered mail.

    Args:
        spec: one of `KINDS`.
        final: what lies there has been delivered, and is not on its way.

    Raises:
        StoreError: it is none of them, or cannot be there.
    """
    kind, colon, rest = spec.partition(":")
    if kind in ("imap", "imaps"):
        return Imap(spec, final)
    opener = _OPENERS.get(kind)
    if not colon or opener is None:
        raise StoreError(f"{spec}: give one of {KINDS}")
    if not rest:
        raise StoreError(f"{spec}: nothing follows the colon; give one of {KINDS}")
    return opener(rest, final)


def _of_files(kind: Callable[[Path, bool], MailStore], wanted: str) -> Callable[[str, bool], MailStore]:
    def opener(rest: str, final: bool) -> MailStore:
        path = Path(rest).absolute()
        if not path.parent.is_dir():
            raise StoreError(f"{path}: there is no directory {path.parent}; give {wanted}")
        if path.exists() and path.is_dir() != (wanted == "a directory"):
            raise StoreError(f"{path}: give {wanted}")
        return kind(path, final)

    return opener


def _sink(rest: str, final: bool) -> MailStore:
    if not re.fullmatch(r"[0-9]{1,5}", rest):
        raise StoreError(f"sink:{rest}: give a port, or 0 for a free one")
    if final:
        raise StoreError(f"sink:{rest}: what is relayed there is on its way; do not call it final")
    port = int(rest)
    return Elsewhere(port) if port and is_open(port) else Sink(port)


_OPENERS: dict[str, Callable[[str, bool], MailStore]] = {
    "maildir": _of_files(Maildir, "a directory"),
    "dir": _of_files(Directory, "a directory"),
    "mbox": _of_files(Mbox, "a file"),
    "command": Command,
    "sink": _sink,
}
