"""The login, RFC 4954: AUTH PLAIN, LOGIN and CRAM-MD5, from the command to the one reply that ends it."""

import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from hmac import compare_digest, digest

from .channel import Channel

RESPONSE_LIMIT = 12_288 - 2  # bytes of a client's line in the exchange (4954, 4), its CRLF not counted
BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")  # the decoder takes more

Ask = Callable[[bytes], bytes]


class _Refused(Exception):
    """The exchange is over; the argument is the reply."""


@dataclass(frozen=True)
class Credentials:
    """The one user that the server knows, and the password."""

    user: bytes
    password: bytes = field(repr=False)

    def admit(self, user: bytes, password: bytes) -> bool:
        """Return whether this is the user; how long that takes tells nothing."""
        return compare_digest(user, self.user) & compare_digest(password, self.password)

    def admit_by_digest(self, user: bytes, challenge: bytes, proof: bytes) -> bool:
        """Return whether this is the user, who has shown knowledge of the password (RFC 2195)."""
        right = digest(self.password, challenge, "md5").hex().encode()
        return compare_digest(user, self.user) & compare_digest(proof, right)


def _plain(credentials: Credentials, ask: Ask, initial: bytes | None) -> bool:
    response = ask(b"") if initial is None else initial
    if response.count(b"\0") != 2:
        raise _Refused(b"535 5.7.8 Not an identity, a user and a password")
    identity, user, password = response.split(b"\0")
    if identity not in (b"", user):
        raise _Refused(b"535 5.7.8 Nobody acts for others here")
    return credentials.admit(user, password)


def _login(credentials: Credentials, ask: Ask, initial: bytes | None) -> bool:
    user = ask(b"Username:") if initial is None else initial
    return credentials.admit(user, ask(b"Password:"))


def _cram_md5(credentials: Credentials, ask: Ask, initial: bytes | None) -> bool:
    if initial is not None:
        raise _Refused(b"501 5.7.0 The server speaks first")
    challenge = b"<%b@reference>" % secrets.token_hex().encode()
    user, _, proof = ask(challenge).rpartition(b" ")
    return credentials.admit_by_digest(user, challenge, proof)


MECHANISMS = {b"PLAIN": _plain, b"LOGIN": _login, b"CRAM-MD5": _cram_md5}


def log_in(channel: Channel, credentials: Credentials, mechanism: bytes, initial: bytes | None) -> bytes:
    """Return the reply that ends the exchange: 235 if the client is who it says.

    Args:
        channel: the client's.
        credentials: whom to admit.
        mechanism: as the client named it.
        initial: its initial response in base64, `=` for an empty one; None if there was none.

    Raises:
        ClockExpired, EOFError, OSError: as the channel does.
    """

    def ask(challenge: bytes) -> bytes:
        channel.reply(b"334 " + b64encode(challenge))
        channel.restart_clock()
        line = channel.read_line(RESPONSE_LIMIT)
        if line is None:
            raise _Refused(b"500 5.5.6 Response too long")
        if line == b"*":
            raise _Refused(b"501 5.7.0 Cancelled")
        return _decoded(line)

    exchange = MECHANISMS.get(mechanism.upper())
    if not exchange:
        return b"504 5.5.4 Mechanism not known"
    try:
        first = None if initial is None else _decoded(b"" if initial == b"=" else initial)
        admitted = exchange(credentials, ask, first)
    except _Refused as refused:
        return bytes(refused.args[0])
    return b"235 2.7.0 Welcome" if admitted else b"535 5.7.8 Wrong user or password"


def _decoded(text: bytes) -> bytes:
    if not BASE64.fullmatch(text):
        raise _Refused(b"501 5.5.2 Not base64")
    return b64decode(text)
