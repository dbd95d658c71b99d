"""A server in a thread: it talks with each client in a thread of its own."""

from __future__ import annotations

import contextlib
import socket
import threading
from abc import ABC, abstractmethod


class Listening(ABC):
    """A server on a port of its own, until it is closed.

    Attributes:
        address: its host and port.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._talk, args=(self._listener.accept()[0],), daemon=True).start()

    @abstractmethod
    def _talk(self, client: socket.socket) -> None:
        """Serve a client, and close its connection."""

    def close(self) -> None:
        """Listen no more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
