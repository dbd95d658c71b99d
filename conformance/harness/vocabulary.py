"""What clients say: faker's hosts, addresses and bodies, and what is cut, mixed or drawn at random.

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
        """A template with {host}, {address} and {token} filled in."""
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
