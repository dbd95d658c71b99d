"""Mail that a command of the tester prints, for stores that nothing else here can read."""

from __future__ import annotations

import os
import selectors
import shlex
import shutil
import signal
import subprocess
import time

from conformance.stores.files import LARGEST
from conformance.stores.mbox import split
from conformance.stores.message import Stored, stored
from conformance.stores.store import MailStore, StoreError

PATIENCE = 30.0
"""Seconds in which the command must have ended."""


class Command(MailStore):
    """What a command prints that is given the mark as its last argument: an mbox, or one message, or nothing.

    Args:
        line: the command and its arguments, as a shell has them; no shell runs it.
        final: what it prints has been delivered.

    Raises:
        StoreError: there is no such command.
    """

    def __init__(self, line: str, final: bool = False) -> None:
        super().__init__(final)
        try:
            self._words = shlex.split(line)
        except ValueError:
            raise StoreError(f"command:{line}: a quote has no end") from None
        if not self._words or shutil.which(self._words[0]) is None:
            raise StoreError(f"command:{line}: there is no such program; give one that can be run")

    def find(self, mark: bytes) -> list[Stored]:
        """All messages that the command prints and that contain the mark; it may end with 1 where there are none.

        Raises:
            StoreError: it fails, prints too much, or does not end.
        """
        status, printed = self._run(mark)
        if status not in (0, 1) or (status == 1 and printed):
            raise StoreError(f"{self._words[0]}: it ended with status {status}; let it end with 0, or 1 for no mail")
        messages = split(printed) if printed.startswith(b"From ") else [printed]
        return [stored(message) for message in messages if mark in message]

    def _run(self, mark: bytes) -> tuple[int, bytes]:
        try:
            process = subprocess.Popen(
                [*self._words, os.fsdecode(mark)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise StoreError(f"{self._words[0]}: {error}; give a command that can be run") from None
        until = time.monotonic() + PATIENCE
        try:
            printed = self._printed(process, until)
            return process.wait(max(0.1, until - time.monotonic())), printed
        except subprocess.TimeoutExpired:
            raise StoreError(f"{self._words[0]}: it did not end within {PATIENCE:g} s") from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def _printed(self, process: subprocess.Popen[bytes], until: float) -> bytes:
        printed = bytearray()
        assert process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while selector.select(max(0.0, until - time.monotonic())):
                piece = os.read(process.stdout.fileno(), 65_536)
                if not piece:
                    return bytes(printed)
                printed += piece
                if len(printed) > LARGEST:
                    raise StoreError(
                        f"{self._words[0]}: it printed more than {LARGEST} octets; print what has the mark"
                    )
        raise subprocess.TimeoutExpired(self._words, PATIENCE)
