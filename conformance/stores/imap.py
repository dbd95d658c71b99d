"""Mail that an IMAP server shows: read without marking it as seen, and no more of it than is wanted."""

from __future__ import annotations

import contextlib
import imaplib
import ipaddress
import os
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from conformance.stores.files import LARGEST
from conformance.stores.message import Stored, stored
from conformance.stores.store import MailStore, StoreError

PASSWORD = "SMTP_CONFORMANCE_STORE_PASSWORD"
"""The variable of the environment that has the password: what a command line says, everybody can read."""
PATIENCE = 30.0
"""Seconds in which a look must be done."""
MOST_FOUND = 100
"""Messages with one mark that are fetched, the newest ones."""
MOST_LINES = 10_000
"""Lines that are read for a look."""

_MARK = re.compile(rb"[ !#-\[\]-~]+")


class Imap(MailStore):
    """A folder of an IMAP server.

    Args:
        spec: `imap://user@host[:port]/FOLDER`, or `imaps://` for TLS from the first octet. With `imap://` TLS begins
            before the login where the server offers it.
        final: what lies there has been delivered.

    Raises:
        StoreError: the spec has no such form, or there is no password.
    """

    def __init__(self, spec: str, final: bool = False) -> None:
        super().__init__(final)
        form = f"write imap://user@host/FOLDER or imaps://user@host:port/FOLDER, and the password into {PASSWORD}"
        try:
            parts = urlsplit(spec)
            port = parts.port
        except ValueError:
            raise StoreError(f"{spec}: {form}") from None
        if parts.password is not None:
            raise StoreError(f"{parts.scheme}://{parts.username}:...@{parts.hostname}: {form}")
        if not parts.username or not parts.hostname or not unquote(spec).isprintable():
            raise StoreError(f"{ascii(spec)[1:-1]}: {form}")
        if (password := os.environ.get(PASSWORD)) is None:
            raise StoreError(f"{spec}: put the password into the environment, as {PASSWORD}")
        self._spec, self._password = spec, password
        self._user, self._folder = unquote(parts.username), unquote(parts.path).strip("/") or "INBOX"
        self._host, self._port, self._secure = parts.hostname, port, parts.scheme == "imaps"
        self._client: _Bounded | None = None
        self._lock = threading.Lock()

    def find(self, mark: bytes) -> list[Stored]:
        """All messages in the folder now whose bytes contain the mark, which must be printable ASCII without quotes.

        Raises:
            StoreError: the server does not answer as it should.
        """
        if not _MARK.fullmatch(mark):
            raise StoreError("a mark that is looked for by IMAP: give printable ASCII, without quotes and backslashes")
        with self._lock:
            try:
                return self._found(mark)
            except (imaplib.IMAP4.error, OSError, ValueError) as error:
                self._drop()
                told = " ".join(ascii(str(error))[1:-1].split())[:200]
                raise StoreError(f"{self._spec}: {told or type(error).__name__}; see that it can be read") from None

    def _log_out(self) -> None:
        with self._lock:
            self._drop()

    def _found(self, mark: bytes) -> list[Stored]:
        client = self._client = self._client or self._log_in()
        with client.bounded():
            _well(client.select(_quoted(self._folder), readonly=True))  # anew, because it shows what is there now
            found = _well(client.uid("SEARCH", "TEXT", _quoted(mark.decode("ascii"))))[0] or b""
            numbers = [number for number in found.split() if number.isdigit()][-MOST_FOUND:]
            messages = [_fetched(client, number.decode("ascii")) for number in numbers]
        return [stored(message) for message in messages if mark in message]

    def _log_in(self) -> _Bounded:
        port = self._port or (993 if self._secure else 143)
        client = (
            _BoundedTLS(self._host, port, ssl_context=_context(self._host), timeout=PATIENCE)
            if self._secure
            else _Bounded(self._host, port, timeout=PATIENCE)
        )
        with client.bounded():
            if not self._secure and "STARTTLS" in client.capabilities:
                client.starttls(ssl_context=_context(self._host))
            client.login(self._user, self._password)
        self._held.callback(self._log_out)
        return client

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(imaplib.IMAP4.error, OSError), client.bounded():
                client.logout()


class _Bounded(imaplib.IMAP4):
    """A client that reads no more than a look may cost, and ends it when its time is over."""

    def __init__(self, *where: Any, **how: Any) -> None:
        with self.bounded():
            super().__init__(*where, **how)

    @contextlib.contextmanager
    def bounded(self) -> Iterator[None]:
        """Until its end all that is read is counted, and the time."""
        self._left, self._lines = LARGEST, MOST_LINES
        over = threading.Timer(PATIENCE, self._end)  # a time-out of the socket ends no drip
        over.daemon = True
        over.start()
        try:
            yield
        finally:
            over.cancel()

    def _end(self) -> None:
        with contextlib.suppress(OSError, AttributeError):  # there may be no connection yet
            self.sock.shutdown(socket.SHUT_RDWR)

    def read(self, size: int) -> bytes:
        if size > self._left:
            raise self.abort("it sends more than was asked for")
        return self._counted(super().read(size))

    def readline(self) -> bytes:
        self._lines -= 1
        if self._lines < 0:
            raise self.abort("it sends more lines than were asked for")
        return self._counted(super().readline())

    def _counted(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left < 0:
            raise self.abort("it sends more than was asked for")
        return data


class _BoundedTLS(_Bounded, imaplib.IMAP4_SSL):
    """The same inside TLS."""


def _context(host: str) -> ssl.SSLContext:
    """A server on this machine needs no certificate that others would trust: nobody stands between."""
    context = ssl.create_default_context()
    with contextlib.suppress(ValueError):
        if host == "localhost" or ipaddress.ip_address(host).is_loopback:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
    return context


def _well(answer: tuple[str, list[Any]]) -> list[Any]:
    kind, data = answer
    if kind != "OK":
        raise imaplib.IMAP4.error(f"{kind} {data[:1]}")
    return data


def _fetched(client: _Bounded, number: str) -> bytes:
    """The message, or nothing if it is gone or too large."""
    parts = _well(client.uid("FETCH", number, f"(BODY.PEEK[]<0.{LARGEST}>)"))
    data = next((part[1] for part in parts if isinstance(part, tuple) and b"BODY[]" in part[0].upper()), b"")
    return data if isinstance(data, bytes) else b""


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'
