"""Starts a real server on loopback, waits until it greets, and stops it with all that it has started."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from conformance.harness.server import leash
from proof.real.recipe import Place, Recipe

HOST = "127.0.0.1"
START_LIMIT = 60.0
"""Seconds until it must greet, on however busy a machine."""
STOP_LIMIT = 30.0
"""Seconds for the leash, which has a shorter limit of its own."""
LONGEST = 4096
"""Octets of a greeting that are looked at."""
TAIL = 2000
"""Octets of a log that are shown."""


class StartError(Exception):
    """A server does not greet; the message has the end of what it printed."""


@dataclass(frozen=True)
class Running:
    """A server that has greeted.

    Attributes:
        recipe: its recipe.
        place: where it runs.
        leash: the process that holds it.
    """

    recipe: Recipe
    place: Place
    leash: subprocess.Popen[bytes]

    @property
    def target(self) -> str:
        """Its address as `HOST:PORT`."""
        return f"{HOST}:{self.place.port}"

    @property
    def store(self) -> str:
        """Its store, as the suite takes it."""
        kind, _, name = self.recipe.store.partition(":")
        if kind == "imap":
            return self.recipe.store.replace("@PORT@", str(self.place.port))
        return f"{kind}:{self.place.mail / name}"

    @property
    def pid(self) -> int | None:
        """The process that was started, or None if the leash has already ended."""
        return leash.held(self.leash.pid)


@contextmanager
def running(recipe: Recipe, home: Path, folder: Path, port: int = 0) -> Iterator[Running]:
    """Start a server, and stop it afterwards, whatever happens.

    Args:
        recipe: which.
        home: where it is installed.
        folder: what it may write; what stood there is replaced.
        port: to listen on; 0 for a free one.

    Raises:
        StartError: it does not greet.
    """
    with FileLock(home / "lock"):  # two at once would lay their changes over one system
        yield from _running(recipe, home, folder, port)


def _running(recipe: Recipe, home: Path, folder: Path, port: int) -> Iterator[Running]:
    shutil.rmtree(folder, ignore_errors=True)
    place = Place(recipe.name, home, folder.absolute(), port or _free_port())
    place.mail.mkdir(parents=True)
    words = recipe.source.command(place, recipe.files, recipe.prepare, recipe.words)
    with place.log.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-S", leash.__file__, *words], stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        _wait_for_greeting(place, process)
        yield Running(recipe, place, process)
    finally:
        _stop(process)


def _wait_for_greeting(place: Place, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_LIMIT
    while not greets(place.port):
        # A leash ends when its command does, unless that has gone into the background.
        if process.poll() is not None or time.monotonic() > deadline:
            with place.log.open("rb") as log:
                log.seek(max(0, log.seek(0, 2) - TAIL))
                printed = log.read().decode("utf-8", "backslashreplace")
            raise StartError(f"{place.name} does not greet on port {place.port}: {printed.strip()}")
        time.sleep(0.05)


def greets(port: int) -> bool:
    """Whether a server says 220 on that port, asked once, and politely left."""
    greeting = b""
    with suppress(OSError), socket.create_connection((HOST, port), timeout=START_LIMIT / 4) as client:
        while b"\n" not in greeting and len(greeting) < LONGEST and (part := client.recv(LONGEST)):
            greeting += part
        client.sendall(b"QUIT\r\n")
        client.recv(LONGEST)
    return greeting.startswith(b"220")


def _stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    process.stdin.close()
    try:
        process.wait(STOP_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as free:
        port: int = free.getsockname()[1]
        return port
