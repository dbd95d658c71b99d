"""What the search's clients say: for each number an argument, a parameter or a text, 0 being the plainest.

What may be said follows from what the tester gave and the server announced, and from nothing that it answers later.
"""

from __future__ import annotations

from dataclasses import dataclass

from conformance.harness.vocabulary import Vocabulary
from conformance.rfc5321.codes import Sense
from conformance.rfc5321.model import State, plainest
from conformance.rfc5321.saying import Said, read
from conformance.search import cuts

CRLF = b"\r\n"
NUMBERS = 99
"""The largest number."""
CUTS = (*cuts.CUTS[1:], "dots", *(f"%{share}" for share in range(5, 100, 10)))
"""Ways to cut: those of the engine, around each late dot that begins a line, and after so many hundredths."""
MOST_CUTS = 5
LONGEST_TEXT_LINE = 998
"""Octets of a line of text that every server takes, its CR LF not counted (RFC 5321 4.5.3.1.6)."""
SPELLINGS = ("upper", "lower", "mixed")
WRONG = ("XFROB", "XFROB a b", "EHLO", "MAIL FROM:<a@b", "MAIL FROM:<a b@c.example>", "VRFY", "DATA x", "RSET x",
         "RCPT TO:<u@@d.example>", "RCPT TO:<>", "MAIL FROM:<a@b.example> FROB=1", "HELO")  # fmt: skip
"""Lines that most servers refuse for how they are written."""
END, LOOSE_END = Said("end of data"), Said("end of data", loose=True)
CHUNK, LAST_CHUNK = Said("BDAT"), Said("BDAT LAST")
ENVELOPE = ("EHLO", "MAIL", "RCPT", "DATA")


@dataclass(frozen=True)
class Book:
    """What the words of all conversations with a server are made of.

    Attributes:
        name: what a client calls itself.
        sender: a reverse-path that the server takes.
        recipients: addresses that it takes, one or more.
        refused: addresses that it does not take, as far as they are known.
        announced: the keywords of its EHLO's reply, in capital letters.
        words_after_noop: whether it takes them.
        rude: whether clients may leave without a word.
    """

    name: str
    sender: str
    recipients: tuple[str, ...]
    refused: tuple[str, ...] = ()
    announced: frozenset[str] = frozenset()
    words_after_noop: bool = True
    rude: bool = True

    def read(self, line: bytes) -> Said:
        """What a line says to this server."""
        return read(line, self.announced, self.words_after_noop)

    def line(self, verb: str, number: int, spelling: str = "upper") -> bytes:
        """A command line, without its CRLF."""
        word, argument = {
            "EHLO": ("EHLO ", self._name(number)),
            "HELO": ("HELO ", self._name(number)),
            "MAIL": ("MAIL FROM:", self._mail(number)),
            "RCPT": ("RCPT TO:", self._rcpt(number)),
            "NOOP": ("NOOP", f" {'x' * (1 << number % 9)}" if number % 3 == 2 else ""),
            "VRFY": ("VRFY ", self.recipients[0]),
            "EXPN": ("EXPN ", self.recipients[0]),
        }.get(verb, (verb, ""))
        if spelling == "lower":
            word = word.lower()
        elif spelling == "mixed":
            word = "".join(letter.lower() if at % 2 else letter for at, letter in enumerate(word))
        return (word + argument).encode("latin-1")

    def wrong(self, number: int) -> bytes:
        """A line that most servers refuse, without its CRLF; addresses that do not exist are among them."""
        lines = (*WRONG, *(f"RCPT TO:<{address}>" for address in self.refused for _ in range(3)))
        return lines[number % len(lines)].encode("latin-1")

    def is_wrong(self, state: State, line: bytes) -> bool:
        """Whether most servers refuse a line in a state."""
        said = self.read(line)
        refused = said.verb == "RCPT" and said.path in self.refused
        return refused or said.wrong or plainest(state, said)[0] not in (Sense.ACCEPTED, Sense.INTERMEDIATE)

    def _name(self, number: int) -> str:
        return "client.example" if number % 5 == 4 else self.name

    def _mail(self, number: int) -> str:
        _, at, domain = self.sender.rpartition("@")
        local = ("a+b", "a-b_c.d", "x=y", "a" * 64, "A.b", '"a b"')[number // 7 % 6]
        if number % 7 == 3:
            path = ""
        elif number % 7 == 5 and at:
            path = f"{local}@{domain}"
        elif number % 7 == 6:
            path = "a@[192.0.2.1]"
        else:
            path = self.sender
        route = "@one.example,@two.example:" if number % 23 == 22 and path else ""
        return f"<{route}{path}>" + "".join(self._of_mail(number))

    def _of_mail(self, number: int) -> list[str]:
        ways = (
            ("8BITMIME", " BODY=8BITMIME"),
            ("SIZE", f" SIZE={number}"),
            ("DSN", " RET=HDRS"),
            ("SMTPUTF8", " SMTPUTF8"),
            ("DSN", " ENVID=a+2Bb"),
            ("8BITMIME", " body=7bit"),
            ("AUTH", " AUTH=<>"),
        )
        begin = number // 4 % len(ways)
        many = (1, 1, 2, 3)[number // 25]
        chosen = [ways[(begin + 2 * place) % len(ways)] for place in range(many)] if number % 4 == 2 else []
        return [text for keyword, text in chosen if keyword in self.announced]

    def _rcpt(self, number: int) -> str:
        address = self.recipients[number % len(self.recipients)]
        local, at, domain = address.rpartition("@")
        if number % 11 == 8 and at:
            address = f"{local}@{domain.upper()}"
        elif number % 11 == 9 and at:
            address = f'"{local}"@{domain}'
        elif number % 11 == 10 and at:
            address = f"@one.example,@two.example:{address}"
        ways = (" NOTIFY=NEVER", " NOTIFY=SUCCESS,FAILURE", " ORCPT=rfc822;a+2Bb", " notify=delay ORCPT=rfc822;a")
        return f"<{address}>" + (ways[number // 9 % 4] if number % 9 == 5 and "DSN" in self.announced else "")


_PROSE = Vocabulary(0, "search texts")
_LONG = b"b" * LONGEST_TEXT_LINE + CRLF
TEXTS = (
    b"t\r\n",
    _PROSE.body(2),
    _PROSE.body(20),
    b"",
    b".\r\n",
    b".x\r\n..\r\n. \r\n .\r\n...\r\n",
    b"ends in a dot.\r\n",
    b"x.\r\n.y\r\n..z\r\nw\r\n",
    b"QUIT\r\nRSET\r\nMAIL FROM:<>\r\nRCPT TO:<b>\r\nDATA\r\n",
    b"\r\nt\r\n\r\n\r\nu \r\nv\t\r\n",
    _LONG,
    _LONG + b".x\r\n" + _LONG + b"..\r\n",
    b"." * LONGEST_TEXT_LINE + CRLF + b"t\r\n",
    (b"c" * 500 + CRLF + b".d\r\n") * 3,
    b"." + _LONG[1:] + b".\r\n",
    (b".e" * 30 + CRLF) * 80,
)
"""Texts as they are to arrive, without the mark that stands before them."""


def text(number: int) -> bytes:
    """A text: one of those above, or lines or a whole of a length near a power of two."""
    if number % 4 != 3:
        return TEXTS[(number - number // 4) % len(TEXTS)]
    length = (1 << 5 + number // 4 % 10) + (0, -1, 1, -2, 2, -3)[number // 32]
    lines, rest = divmod(length, LONGEST_TEXT_LINE + len(CRLF))
    return _LONG * lines + (b"b" * (rest - len(CRLF)) + CRLF if rest > len(CRLF) else b"")


def chunk(number: int) -> bytes:
    """Octets of a chunk: a part of a text, or what would be commands, or the end of data, if it were read so."""
    odd = (b"RSET\r\nNOOP\r\n", b"t\r\n.\r\nQUIT\r\n", b"", b"..x\r\n.\r\n", b"half a line ", b"\r\n")
    return odd[number // 3 % len(odd)] if number % 3 else text(number // 3)


def cut(data: bytes, how: str) -> list[bytes]:
    """The data in pieces, cut in one of the `CUTS`, or in none."""
    if how == "dots":
        begins = [at + 2 for at in range(len(data) - 2) if data[at : at + 3] == b"\r\n."][-MOST_CUTS:]
        return cuts.apart(data, sorted({place for at in begins for place in (at, at + 1)}))
    if how.startswith("%"):
        return cuts.apart(data, [len(data) * int(how[1:]) // 100])
    return cuts.cut(data, how)
