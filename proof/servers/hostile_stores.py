"""Hostile places of delivered mail: the server is right in all, and what `--store` names is no place of mail."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from proof.servers.hostile import Hostile, Place

MANY = 100_000
"""Files of a large directory."""
HOLE = 2**30
"""Bytes of a file that is only a hole."""
PIECE = b"From x\nSubject: more\n\n" + b"x" * 1000 + b"\n"
STEP = 0.005
"""Seconds between two writings into a file that grows."""


@contextmanager
def fifo(folder: Path) -> Iterator[str]:
    """A FIFO in place of an mbox."""
    os.mkfifo(folder / "mail")
    yield f"mbox:{folder / 'mail'}"


@contextmanager
def fifos(folder: Path) -> Iterator[str]:
    """A Maildir that holds a FIFO, a socket and a link that leads nowhere."""
    new = folder / "mail" / "new"
    new.mkdir(parents=True)
    os.mkfifo(new / "fifo")
    (new / "link").symlink_to(new / "link")
    with socket.socket(socket.AF_UNIX) as heard:
        heard.bind(os.path.relpath(new / "socket"))
        yield f"maildir:{folder / 'mail'}"


@contextmanager
def root(folder: Path) -> Iterator[str]:
    """A link to the root of all files."""
    (folder / "mail").symlink_to("/")
    yield f"dir:{folder / 'mail'}"


@contextmanager
def itself(folder: Path) -> Iterator[str]:
    """A link to itself."""
    (folder / "mail").symlink_to(folder / "mail")
    yield f"dir:{folder / 'mail'}"


@contextmanager
def many(folder: Path) -> Iterator[str]:
    """A directory of many files."""
    (folder / "mail").mkdir()
    for number in range(MANY):
        (folder / "mail" / str(number)).write_bytes(b"Subject: x\n\nx\n")
    yield f"dir:{folder / 'mail'}"


@contextmanager
def growing(folder: Path) -> Iterator[str]:
    """An mbox that grows as fast as the disk takes it, up to the size of the hole."""
    over = threading.Event()

    def grow() -> None:
        with (folder / "mail").open("wb", buffering=0) as file:
            while not over.wait(STEP) and file.tell() < HOLE:
                file.write(PIECE * 250)

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        yield f"mbox:{folder / 'mail'}"
    finally:
        over.set()
        writer.join()


@contextmanager
def hole(folder: Path) -> Iterator[str]:
    """An mbox that is a hole."""
    with (folder / "mail").open("wb") as file:
        file.truncate(HOLE)
    yield f"mbox:{folder / 'mail'}"


@contextmanager
def imap(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server in place of one of IMAP, each of whose connections is answered so."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, answer), daemon=True).start()
        yield f"imap://tester@127.0.0.1:{listener.getsockname()[1]}/INBOX"
        listener.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket, answer: Callable[[socket.socket], None]) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_answer, args=(client, answer), daemon=True).start()


def _answer(client: socket.socket, answer: Callable[[socket.socket], None]) -> None:
    with client, suppress(OSError):
        answer(client)


def _is_silent(client: socket.socket) -> None:
    while client.recv(65_536):
        pass


def _floods(client: socket.socket) -> None:
    while True:
        client.sendall(b"* OK more\r\n" * 5000)


def _greets_without_end(client: socket.socket) -> None:
    client.sendall(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
    while line := client.recv(65_536):
        client.sendall(b"* CAPABILITY IMAP4rev1\r\n" + line.split()[0] + b" OK well\r\n")
        if b"SEARCH" in line:
            client.sendall(b"* SEARCH")
            while True:
                client.sendall(b" 1" * 30_000)


def _of(name: str, does: str, store: Place, breaks: str = "") -> Hostile:
    return Hostile(f"store-{name}", does, breaks, store=store)


EMPTY = "data.delivered"
"""What is broken where a place can be read, and the mail is not in it."""


STORES = [
    _of("fifo", "Names a FIFO as the mbox of its mail", fifo),
    _of("fifos", "Names a Maildir that holds a FIFO, a socket, and a link to itself", fifos, EMPTY),
    _of("root", "Names a link to the root of all files", root),
    _of("itself", "Names a link to itself", itself),
    _of("many", "Names a directory of a hundred thousand files", many, EMPTY),
    _of("growing", "Names an mbox that grows by 50 megabytes a second, up to a gigabyte", growing, EMPTY),
    _of("hole", "Names an mbox of a gigabyte that is nothing but a hole", hole, EMPTY),
    _of("imap-silent", "Names a server of IMAP that never says a word", lambda folder: imap(_is_silent)),
    _of(
        "imap-floods", "Names a server of IMAP that sends lines as fast as they are taken", lambda folder: imap(_floods)
    ),
    _of(
        "imap-finds", "Names a server of IMAP that finds numbers without end", lambda folder: imap(_greets_without_end)
    ),
]
