"""Delivered mail as cases look at it: of a place that cannot be read nothing is judged."""

from __future__ import annotations

from collections.abc import Callable

from conformance.harness.verdict.verdict import Skipped
from conformance.stores.message import Stored
from conformance.stores.store import MailStore, StoreError


class Seen(MailStore):
    """A store whose trouble is a reason not to judge a case.

    Args:
        store: where mail is read.
        trouble: is told what the trouble is.
    """

    def __init__(self, store: MailStore, trouble: Callable[[str], None]) -> None:
        super().__init__(store.final)
        self.exact = store.exact
        self._store = store
        self._trouble = trouble

    def find(self, mark: bytes) -> list[Stored]:
        """All messages there now whose bytes contain the mark.

        Raises:
            Skipped: the store cannot be read, or is not there yet.
        """
        try:
            return self._store.find(mark)
        except StoreError as error:
            raise self._unseen(error) from None

    def wait_for(
        self, mark: bytes, until: float, count: int = 1, like: Callable[[Stored], bool] = lambda one: True
    ) -> list[Stored]:
        """Wait for messages that contain the mark, as a store does.

        Raises:
            Skipped: the store could still not be read when the time was over.
        """
        try:
            return self._store.wait_for(mark, until, count, like)
        except StoreError as error:
            raise self._unseen(error) from None

    def _unseen(self, error: StoreError) -> Skipped:
        self._trouble(str(error))
        return Skipped(f"delivered mail cannot be read: {error}")
