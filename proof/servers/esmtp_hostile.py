"""Hostile servers of the standard: those of the assignment's table, and what only mail servers have.

TLS that never comes about or never ends, lists of extensions and logins without end, and places of mail that are none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from proof.servers import hostile, hostile_stores
from proof.servers.edit import begun, headed, replaced, within
from proof.servers.hostile import CHANNEL, IMPORTS, Hostile, for_ever, twists

ESMTP = "esmtp.py"
LIMITLESS = "9" * 5000
"""A number that no computer's integer holds, and Python does not even read."""
BREAKS: Mapping[str, str] = {
    **dict.fromkeys(("other-text", "other-binary", "random-bytes", "flood", "escape-sequences"), "greet.code"),
    "flood-of-greetings": "reply.one reply.unasked ehlo.250 helo.250 quit.221",
    **dict.fromkeys(("endless-line", "endless-reply", "silent-to-unknown"), "reply.one"),
    "everything-is-250": "cmd.unknown data.354 data.no-rcpt expn.listed quit.221 rcpt.before-mail",
    "no-line-ends": "reply.crlf",
    "leaves": "quit.221",
    "html": "greet.name ehlo.name ehlo.lines",
    "no-text": "greet.name reply.ascii ehlo.name ehlo.lines",
}
"""What the servers of the assignment's table break of the standard; nothing where none is named."""


def of_the_standard(servers: Sequence[Hostile]) -> list[Hostile]:
    """Servers of the assignment's table with what they break of the standard."""
    return [replace(server, breaks=BREAKS.get(server.name, "")) for server in servers]


def shakes(name: str, does: str, code: str, breaks: str = "tls.220") -> Hostile:
    """A server that says 220 to STARTTLS; what follows on the connection, `client`, is left to some statements."""
    body = (
        f"clear, self._replies = self._replies, bytearray()\nclient = self._connection\nclient.sendall(clear)\n{code}"
    )
    edits = [headed(CHANNEL, IMPORTS), begun(CHANNEL, "Channel.start_tls", f"{body}\nraise EOFError")]
    return Hostile(name, does, breaks, edits)


def shaken(name: str, does: str, code: str, breaks: str) -> Hostile:
    """A server that shakes hands, and leaves what follows to some statements."""
    behind = within(ESMTP, "Esmtp._starttls", "self._forget_client()", f"channel = self._channel\n{code}")
    return Hostile(name, does, breaks, [headed(ESMTP, IMPORTS), behind])


def settles(name: str, does: str, code: str, breaks: str) -> Hostile:
    """A server that wants TLS its own way, by statements about its `context`."""
    return Hostile(name, does, breaks, [begun("site.py", "Site.keywords", f"context = self.context\n{code}")])


def announces(name: str, does: str, keywords: str, breaks: str) -> Hostile:
    """A server that announces more, an expression of several keywords."""
    return Hostile(
        name, does, breaks, [within("site.py", "Site.keywords", 'b"8BITMIME",', f'b"8BITMIME", *({keywords}),')]
    )


TLS = [
    shakes("tls-stalls", "Says 220 to STARTTLS, and never shakes hands", "while client.recv(65536):\n    pass"),
    shakes(
        "tls-drips",
        "Begins the handshake with a record of 16 KiB, of which it sends a byte a second",
        'client.sendall(b"\\x16\\x03\\x03\\x3f\\xff\\x02\\x00\\x3f\\xfb")\n' + for_ever('b"\\x03"', pause=1.0),
    ),
    shakes(
        "tls-begins-for-ever",
        "Asks for the beginning of the handshake, which clients may pass over, as fast as it is taken",
        for_ever(r'b"\x16\x03\x03\x00\x04\x00\x00\x00\x00" * 5000'),
    ),
    shakes(
        "tls-floods",
        "Sends random bytes in place of a handshake, as fast as they are taken",
        for_ever("random.Random(7).randbytes(65536)"),
    ),
    shakes(
        "tls-in-clear",
        "Answers in clear what is to be the handshake, and goes on so",
        r"while client.recv(65536):" + "\n" + r'    client.sendall(b"250 fine\r\n")',
    ),
    shakes(
        "tls-of-1996",
        "Begins a session of SSL 3.0",
        r"client.recv(65536)"
        + "\n"
        + r'client.sendall(b"\x16\x03\x00\x00\x2a\x02\x00\x00\x26\x03\x00" + bytes(33) + b"\x00\x0a\x00")'
        + "\nclient.recv(65536)",
    ),
    settles(
        "tls-of-1999",
        "Has TLS 1.0 alone, and is right in all else",
        "import ssl\ncontext.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1\n"
        'context.set_ciphers("ALL:@SECLEVEL=0")',
        "",
    ),
    Hostile(
        "tls-chain",
        "Shows a chain of a thousand certificates",
        "tls.220",
        [
            within(
                "tls.py",
                "self_made",
                "return loaded(certificate, key)",
                "certificate.write_bytes(certificate.read_bytes() * 1_000)\nreturn loaded(certificate, key)",
            )
        ],
    ),
    settles(
        "tls-tickets",
        "Has twenty thousand tickets behind the handshake, for sessions to come",
        "context.num_tickets = 20_000",
        "reply.one",
    ),
    shaken(
        "tls-clear-inside",
        "Shakes hands, and goes on in clear",
        "while channel._connection.recv(65536):\n" + r'    channel._connection.sendall(b"250 fine\r\n")',
        "tls.reset",
    ),
    shaken(
        "tls-ends",
        "Shakes hands, says the goodbye of TLS, and stays connected without a word",
        "channel.end_tls()\n" + "while channel._connection.recv(65536):\n    pass",
        "close.error",
    ),
    shaken(
        "tls-cut",
        "Shakes hands, and sends half a record before it closes",
        r'channel._connection.sendall(b"\x17\x03\x03\x40\x00" + bytes(2000))' + "\nraise EOFError",
        "close.error",
    ),
    shaken(
        "tls-mute", "Shakes hands, and never says a word inside", "while channel._connection.recv(65536):\n    pass", ""
    ),
]
ENDLESS = [
    Hostile(
        "endless-keywords",
        "Announces extensions without end",
        "reply.one",
        [
            headed(ESMTP, IMPORTS),
            begun(
                ESMTP,
                "Esmtp._ehlo",
                """
                for number in count():
                    self._channel.reply(b"250-X%d" % number)
                    if number % 100 == 0:
                        self._channel.send_replies()
                """,
            ),
        ],
    ),
    announces("long-keyword", "Announces an extension whose name has a hundred kilobytes", 'b"X" * 100_000,', ""),
    announces("huge-keyword", "Announces an extension whose name has a megabyte", 'b"X" * 2**20,', "reply.one"),
    announces(
        "huge-numbers",
        "Announces sizes and limits of five thousand digits",
        f'b"SIZE {LIMITLESS}", b"LIMITS RCPTMAX={LIMITLESS} MAILMAX={LIMITLESS}"',
        "",
    ),
    twists(
        "million-lines",
        "Gives every reply a million lines",
        'text if text[:3] == b"220" else (text[:3] + b"-more" + CRLF) * 10**6 + text + CRLF',
        "reply.one",
    ),
    Hostile(
        "slow-lines",
        "Takes seven seconds for each further line of its replies, which never end",
        "",
        [
            headed(CHANNEL, IMPORTS),
            replaced(
                CHANNEL,
                "Channel.reply",
                """
                def reply(self, text: bytes) -> None:
                    while not text.startswith(b"220"):
                        self._replies += text[:3] + b"-more" + CRLF
                        self._send_replies()
                        time.sleep(7.0)
                    self._replies += text + CRLF
                """,
            ),
        ],
    ),
    Hostile(
        "endless-login",
        "Asks for one response after the other in a login",
        "auth.base64 auth.cancel auth.long auth.no-initial auth.unknown auth.wrong",
        [
            begun(
                "auth.py",
                "log_in",
                """
                while True:
                    channel.reply(b"334 bW9yZQ==")
                    channel.restart_clock()
                    channel.read_line(RESPONSE_LIMIT)
                """,
            )
        ],
    ),
    Hostile(
        "huge-challenge",
        "Challenges the client of a login with a megabyte",
        "reply.one",
        [
            within(
                "auth.py",
                "log_in",
                'channel.reply(b"334 " + b64encode(challenge))',
                'channel.reply(b"334 " + b64encode(challenge or bytes(2**20)))',
            )
        ],
    ),
]
SECTIONS: Mapping[str, Sequence[Hostile]] = {
    **{name: of_the_standard(servers) for name, servers in hostile.SECTIONS.items()},
    "tls": TLS,
    "endless": ENDLESS,
    "stores": hostile_stores.STORES,
}
