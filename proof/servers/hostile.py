"""Hostile servers: the reference server, one part of which means harm, as a server of the assignment or the standard.

Most replace the whole session (`speaks`), some only what a right session replies (`twists`). Each says in a sentence
what it does, and which requirements it truly breaks: these the suite has to find, and no others.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from proof.servers.edit import Edit, begun, headed, replaced

MARK = "pwned"
"""Stands in whatever would be live in a terminal or a page."""
WORDS = (
    "greeting netid unknown syntax helo.duplicate mail mail.nested sender.refused rcpt recipient.refused data delivered"
)
"""What is broken by wrong words behind every right code."""
SESSIONS = {"session.py": "Session.run", "esmtp.py": "Esmtp.run"}
"""Where a client is served: by the assignment, and by the standard."""
CHANNEL = "channel.py"
IMPORTS = "import os, random, socket, struct, time\nfrom contextlib import suppress\nfrom itertools import count\n"
GREETINGS = {"session.py": "220 hostile SMTP CS4410MP3", "esmtp.py": "220 hostile.example ESMTP ready"}
"""What greets rightly, in the same places."""
GREETS = "client.sendall(GREETING)\n"
DRAINS = "while client.recv(65536):\n    pass\n"
"""Reads whatever comes, until the client leaves."""

Place = Callable[[Path], AbstractContextManager[str]]


@dataclass(frozen=True)
class Hostile:
    """A hostile server.

    Attributes:
        name: on the command line.
        does: what it does, in a sentence.
        breaks: the MUSTs that it breaks, separated by spaces.
        edits: how the reference server is made to do it.
        options: of the suite.
        store: what makes the place of its mail in a folder, and says how `--store` names it.
    """

    name: str
    does: str
    breaks: str
    edits: Sequence[Edit] = ()
    options: Sequence[str] = ()
    store: Place | None = None


def speaks(name: str, does: str, code: str, breaks: str = "greeting") -> Hostile:
    """A server whose every connection, `client`, is left to some statements."""
    speech = textwrap.indent(textwrap.dedent(code), " " * 8)
    head = "def run(self) -> None:\n    client = self._channel._connection\n    with suppress(OSError):\n"
    known = [headed(file, f'{IMPORTS}GREETING = b"{greeting}\\r\\n"') for file, greeting in GREETINGS.items()]
    return Hostile(name, does, breaks, [*known, *(replaced(*place, head + speech) for place in SESSIONS.items())])


def twists(name: str, does: str, said: str, breaks: str) -> Hostile:
    """A server that says something else, an expression, wherever it should say `text` and the line end."""
    reply = f"""
        def reply(self, text: bytes) -> None:
            self._replies += {said}
    """
    return Hostile(name, does, breaks, [headed(CHANNEL, IMPORTS), replaced(CHANNEL, "Channel.reply", reply)])


def of_each_line(text: bytes) -> str:
    """A reply that says a text behind the code of each of its lines, as an expression."""
    return f"CRLF.join(line[:4] + {text!r} for line in text.split(CRLF)) + CRLF"


def for_ever(data: str, pause: float = 0.0) -> str:
    """Statements that send the same again and again, with a pause in seconds."""
    return f"while True:\n    client.sendall({data})\n    time.sleep({pause})\n"


NEVER_GREET = [
    speaks("silent", "Accepts, and never says a word", DRAINS),
    speaks("closing", "Closes every connection at once", "pass"),
    speaks(
        "resetting",
        "Resets every connection at once",
        'client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))',
    ),
    Hostile(
        "not-accepting",
        "Listens, and accepts nobody",
        "greeting",
        [begun("__main__.py", "_accept", "while True:\n    time.sleep(3600)")],
    ),
    speaks(
        "echo",
        "Sends back whatever it is sent",
        "while data := client.recv(65536):\n    client.sendall(data)",
    ),
    speaks(
        "web",
        "A web server: waits for a request, answers it with a page, and closes",
        r"""
        client.recv(65536)
        client.sendall(b"HTTP/1.0 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<h1>Bad Request</h1>\r\n")
        """,
    ),
    speaks(
        "other-text",
        "Another text protocol: greets with its version and waits for the client's",
        r'client.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")' + "\n" + DRAINS,
    ),
    speaks(
        "other-binary",
        "Another protocol's binary hello, NUL bytes among it",
        r'client.sendall(b"\x4a\0\0\0\x0a8.0.36\0\x1f\0\0\0" + bytes(range(60)) + b"\0")' + "\n" + DRAINS,
    ),
    speaks(
        "random-bytes",
        "Random bytes, at once and after whatever it is sent",
        """
        chooser = random.Random(7)
        client.sendall(chooser.randbytes(300))
        while client.recv(65536):
            client.sendall(chooser.randbytes(chooser.randrange(1, 3000)))
        """,
    ),
    speaks("flood", "Lines, as fast as they are taken", for_ever(r'b"no greeting\r\n" * 5000')),
    speaks(
        "flood-of-greetings",
        "Right greetings, as fast as they are taken",
        for_ever("GREETING * 2000"),
    ),
    speaks("endless-line", "Begins its greeting and never ends the line", for_ever('b"220 " + b"x" * 65536')),
    speaks("drip", "One byte a second, and no line end", for_ever('b"2"', pause=1.0)),
    speaks(
        "drip-after-code",
        "A code and no line end, then one byte a second",
        'client.sendall(b"222")\ntime.sleep(2.0)\n' + for_ever('b"2"', pause=1.0),
    ),
    speaks("endless-greeting", "Greets with `220-` lines that never end", for_ever(r'b"220-hostile\r\n"', pause=0.01)),
    speaks("unavailable", "Greets with 554, and closes", r'client.sendall(b"554 no SMTP service here\r\n")'),
    speaks("busy", "Greets with 421, and stays", r'client.sendall(b"421 4.3.2 busy\r\n")' + "\n" + DRAINS),
    speaks(
        "escape-sequences",
        "Terminal escape sequences: title, colours, cursor, clipboard, and the eight-bit kind",
        r"""
        said = b"\x1b]0;pwned\x07\x1b[2J\x1b[31m\x1b[8m\x1b]52;c;cHduZWQ=\x07\x9b31mpwned\x08\x08\x0e\r\r\n"
        client.sendall(said)
        while client.recv(65536):
            client.sendall(said)
        """,
    ),
]
GREET = [
    speaks("mute", "Greets, and never says another word", GREETS + DRAINS, "reply.one"),
    speaks("leaves", "Greets, and closes when anything comes", GREETS + "client.recv(65536)", "reply.one"),
    speaks(
        "endless-reply",
        "Greets, and answers with `250-` lines that never end",
        GREETS + "client.recv(65536)\n" + for_ever(r'b"250-hostile\r\n"', pause=0.001),
        "reply.one",
    ),
    twists(
        "everything-is-250",
        "Greets, and answers 250 to everything",
        '(text if text.startswith(b"220") else b"250 fine") + CRLF',
        "netid unknown syntax syntax.boundary helo.duplicate mail mail.nested sender.refused rcpt recipient.refused"
        " order.mail order.rcpt data delivered",
    ),
    twists(
        "silent-to-unknown",
        "Answers nothing to a command that it does not know, and is right in all else",
        'b"" if text.startswith(b"502") else text + CRLF',
        "unknown",
    ),
    twists("no-line-ends", "Ends its replies with nothing, and is right in all else", "text", "reply.crlf"),
    twists(
        "late",
        "Takes nine seconds for every reply, and is right in all else",
        "time.sleep(9.0) or text + CRLF",
        "",
    ),
    twists(
        "html",
        "HTML, script and Markdown after the code of every reply",
        of_each_line(
            b"</td></pre></script><script>pwned()</script><img src=x onerror=pwned()>[pwned](javascript:pwned())```"
        ),
        f"{WORDS} helo",
    ),
    twists(
        "no-text",
        "Invalid UTF-8, bidirectional marks, NUL and a byte order mark after the code of every reply",
        of_each_line(b"\xff\xfe\xc3\x28\0" + "\u202epwned\u2066\u200b\ufeff".encode()),
        WORDS,
    ),
    Hostile(
        "dies",
        "Is right in all, and its process ends with its 41st connection",
        "pool.alive",
        [
            edit
            for place in SESSIONS.items()
            for edit in (
                headed(place[0], IMPORTS + "connections = count(1)\n"),
                begun(*place, "if next(connections) > 40:\n    os._exit(1)"),
            )
        ],
    ),
]
SECTIONS: Mapping[str, Sequence[Hostile]] = {"never-greet": NEVER_GREET, "greet": GREET}
