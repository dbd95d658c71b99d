"""What clients say: faker's hosts, addresses and bodies, the awkward ones, and every kind of deliberate error.

All of it follows from a seed and a case's id, so that a case gives the same conversation alone, in any order and
with any number of workers.
"""

from __future__ import annotations

import random
import string
import threading
from collections.abc import Callable

from faker import Faker

_FAKER = Faker("en_US")
_LOCK = threading.Lock()

PRINTABLE = string.ascii_letters + string.digits + string.punctuation


class Vocabulary:
    """A source of hosts, addresses and bodies that its seed decides wholly.

    Args:
        seed: the run's seed.
        case: the case's id.
    """

    def __init__(self, seed: int, case: str) -> None:
        self.random = random.Random(f"{seed}/{case}")

    def _faked(self, make: Callable[[Faker], str]) -> str:
        with _LOCK:
            _FAKER.seed_instance(self.random.getrandbits(64))
            return make(_FAKER)

    def host(self) -> str:
        """A host name of letters, digits, dots and hyphens."""
        return self._faked(lambda faker: faker.hostname(levels=faker.random_int(0, 3)))

    def address(self) -> str:
        """A plain e-mail address."""
        return self._faked(lambda faker: faker.email())

    def token(self, length: int = 8) -> str:
        """A word of lower-case letters and digits, for a mark that is found again."""
        return "".join(self.random.choices(string.ascii_lowercase + string.digits, k=length))

    def body(self, lines: int = 3) -> bytes:
        """Lines of prose, each with its CRLF, none beginning or ending with a dot, or beginning with From."""
        prose = (self._faked(lambda faker: faker.sentence(8)).rstrip(".") for _ in range(lines))
        return b"".join(line.replace("From ", "For ").encode() + b"\r\n" for line in prose)

    def octets(self, size: int, line: int = 76) -> bytes:
        """A body of about so many bytes in lines of printable characters, none beginning with a dot."""
        alphabet = (string.ascii_letters + string.digits).encode()
        data = bytes(alphabet[byte % len(alphabet)] for byte in self.random.randbytes(min(size, 4096)))
        rows = [data[at : at + line] for at in range(0, len(data), line)]
        text = b"\r\n".join(rows) + b"\r\n"
        return text * max(1, size // len(text))

    def fill(self, template: str) -> str:
        """A line of the tables below with {host}, {address} and {token} filled in."""
        makers = {"host": self.host, "address": self.address, "token": self.token}
        return template.format(**{name: make() for name, make in makers.items() if f"{{{name}}}" in template})

    def cuts(self, data: bytes) -> list[bytes]:
        """The data in two to six pieces, cut at random."""
        at = sorted(self.random.sample(range(1, len(data)), min(self.random.randint(1, 5), len(data) - 1)))
        return [data[begin:end] for begin, end in zip([0, *at], [*at, len(data)], strict=True)]

    def mixed_case(self, word: str) -> str:
        """The word in a mix of upper and lower case that is neither all of one nor of the other."""
        letters = [letter.lower() if self.random.random() < 0.5 else letter.upper() for letter in word]
        letters[0], letters[-1] = letters[0].lower(), letters[-1].upper()
        return "".join(letters)


RIGHT = {
    "HELO": "HELO {host}",
    "MAIL": "MAIL FROM: {address}",
    "RCPT": "RCPT TO: {address}",
    "DATA": "DATA",
}
"""The four commands as they should be."""

WRONG = {
    "HELO-alone": "HELO",
    "HELO-two-hosts": "HELO {host} {host}",
    "MAIL-no-address": "MAIL FROM:",
    "RCPT-no-address": "RCPT TO:",
    "DATA-argument": "DATA {token}",
    "MAIL-space-inside": "MAIL FROM: student {address}",
    "RCPT-space-inside": "RCPT TO: staff {address}",
    "MAIL-alone": "MAIL",
    "MAIL-no-FROM": "MAIL {address}",
    "MAIL-no-colon": "MAIL FROM {address}",
    "MAIL-TO": "MAIL TO: {address}",
    "MAILFROM": "MAILFROM: {address}",
    "RCPT-alone": "RCPT",
    "RCPT-FROM": "RCPT FROM: {address}",
    "RCPT-no-colon": "RCPT TO {address}",
    "RCPTTO": "RCPTTO: {address}",
    "HELO-glued": "HELOx {host}",
    "DATA-colon": "DATA:",
    "unknown": "mkdir",
    "unknown-argument": "SEND FROM: {address}",
    "unknown-like-HELO": "HELLO {host}",
    "unknown-punctuation": "?",
    "unknown-dot": ".",
    "unknown-digits": "250 OK",
}
"""Every way of getting a command wrong that the assignment names, and some that it leaves to be understood."""

LINES = RIGHT | WRONG

ERRORS = {
    "unknown": ("greeted", "mkdir"),
    "syntax": ("connected", "HELO"),
    "duplicate": ("greeted", "HELO {host}"),
    "nested": ("sender", "MAIL FROM: {address}"),
    "bad-sender": ("greeted", "MAIL FROM: student {address}"),
    "bad-recipient": ("sender", "RCPT TO: staff {address}"),
    "need": ("greeted", "DATA"),
}
"""One way to each error reply of the handout: the state, and the line."""

REPLIES = {
    "helo": ("connected", "HELO {host}"),
    "mail": ("greeted", "MAIL FROM: {address}"),
    "rcpt": ("sender", "RCPT TO: {address}"),
    "data": ("recipient", "DATA"),
    **ERRORS,
}
"""One way to each reply to a command line."""

AWKWARD_ADDRESSES = {
    "one-character": "x",
    "no-at": "postmaster",
    "digits": "0",
    "all-punctuation": string.punctuation.replace("<", "").replace(">", ""),
    "bracketed": "<someone@example.org>",
    "empty-brackets": "<>",
    "half-bracket": "a>b@example.org",
    "dots": "..a..b..@..example..org..",
    "only-dot": ".",
    "colons": "a:b:c@example.org:",
    "like-a-verb": "DATA",
    "like-a-path": "FROM:",
    "quoted": '"a.b"@example.org',
    "percent": "user%other@example.org",
    "long": "l" * 64 + "@" + "e" * 300,
    "mixed-case": "MixedCase@Example.ORG",
}
"""Valid addresses that a careless server stumbles over."""

AWKWARD_HOSTS = {
    "one-character": "a",
    "digits": "127",
    "dotted": "a.b.c.d.e.f.example.org",
    "hyphens": "a-b--c",
    "mixed-case": "MixedCase.Example.ORG",
    "ip": "192.0.2.1",
    "like-a-verb": "HELO",
    "long": "h" * 63 + "." + "o" * 63 + ".example",
}
"""Host names of letters, digits, dots and hyphens that a careless server stumbles over."""

ODD_HOSTS = {"underscore": "my_host", "literal": "[192.0.2.1]", "punctuation": "!#$%&'*+/=?^`{|}~", "colon": "::1"}
"""Printable tokens that are no names of letters, digits, dots and hyphens."""
