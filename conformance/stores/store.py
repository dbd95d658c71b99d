"""What every store of delivered mail can be asked."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from conformance.stores.message import Stored

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.5
"""Seconds between two looks: mail comes soon or late, and looking costs something."""


class StoreError(Exception):
    """Delivered mail cannot be read; the message is one line that says what to do."""


class MailStore(ABC):
    """Delivered mail; it may be asked from several threads.

    Args:
        final: what lies there has been delivered, and is not on its way.

    Attributes:
        exact: `Stored.octets` are those that came over the wire.
    """

    exact = False

    def __init__(self, final: bool = False) -> None:
        self.final = final
        self._held = ExitStack()

    @abstractmethod
    def find(self, mark: bytes) -> list[Stored]:
        """All messages there now whose bytes contain the mark.

        Raises:
            StoreError: the store cannot be read, or is not there yet.
        """

    def every(self, mark: bytes) -> Iterator[Stored]:
        """All messages that contain the mark, one after the other; a large store is not held in memory.

        Raises:
            StoreError: as `find`, at any message.
        """
        return iter(self.find(mark))

    def wait_for(
        self, mark: bytes, until: float, count: int = 1, like: Callable[[Stored], bool] = lambda one: True
    ) -> list[Stored]:
        """Wait for messages that contain the mark.

        Args:
            mark: what no other message contains.
            until: the monotonic time at which to give up.
            count: how many must be there.
            like: what else is asked of them.

        Returns:
            What is there at the end: fewer than that only if the time is over.

        Raises:
            StoreError: the store could not be read when the time was over, or just before.
        """
        pause = FIRST_PAUSE
        trouble: StoreError | None = None
        while True:
            found: list[Stored] = []
            before, trouble = trouble, None
            try:
                found = list(filter(like, self.find(mark)))
            except StoreError as error:
                trouble = error
            left = until - time.monotonic()
            if len(found) >= count and trouble is None:
                return found
            if left <= 0:
                if worst := trouble or before:  # that nothing is found right behind a failure proves little
                    raise worst
                return found
            time.sleep(min(pause, left))
            pause = min(2 * pause, LONGEST_PAUSE)

    def close(self) -> None:
        """Let go of what the store holds open."""
        self._held.close()
