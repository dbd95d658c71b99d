"""Mutants of the section "DATA and transparency" that are about what arrives, and of whom."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, headed, within
from proof.servers.esmtp_mutants.common import delivered

UNSTUFFED = "bytes(body.replace(CRLF + stuffed, CRLF + stuffed[1:])[len(CRLF) :])"
RECEIVED = "self._receive()"
STORED = "maildir.deliver(message)"
PORT = 2698
"""Where the mutants that relay find the suite's sink."""


def _body(code: str) -> Edit:
    return within("channel.py", "Channel.read_body", UNSTUFFED, code)


def _changed(code: str) -> list[Edit]:
    """Change the `text` of a message that is not refused."""
    return [
        headed("delivery.py", "import re"),
        within("delivery.py", "deliver", "try:", f"message.text = {code}\ntry:"),
    ]


RELAYS = """
import socket


def _pass_on(message):
    with socket.create_connection(("127.0.0.1", PORT)) as hop, hop.makefile("rwb") as stream:
        def say(line):
            stream.write(line + b"\\r\\n")
            stream.flush()
            return stream.readline()
        stream.readline()
        say(b"HELO reference.example")
        say(b"MAIL FROM:<%b>" % message.reverse_path)
        for recipient in message.recipients:
            say(b"RCPT TO:<%b>" % recipient)
        say(b"DATA")
        trace = message.copy(b"nobody", b"reference.example").partition(b"Received:")
        text = b"\\r\\nReceived:" + trace[2].removesuffix(b"\\r\\n") + b"\\r\\n"
        say(text.replace(b"\\r\\n.", b"\\r\\n..")[2:] + b".")
        say(b"QUIT")
""".replace("PORT", str(PORT))


def _relayed(code: str) -> list[Edit]:
    """Pass mail on to the suite's sink, after something was done with the `message`."""
    return [headed("delivery.py", RELAYS), within("delivery.py", "deliver", STORED, f"{code}\n_pass_on(message)")]


SINK = f"sink:{PORT}"
DOTS = [
    Mutant("dots-are-not-taken-away", "data.unstuff data.unstuff-one", [_body("bytes(body[len(CRLF) :])")]),
    Mutant(
        "dot-of-the-first-line-kept",
        "data.unstuff",
        [_body("bytes(body[len(CRLF) :].replace(CRLF + stuffed, CRLF + stuffed[1:]))")],
    ),
    Mutant(
        "dot-of-the-first-line-only-taken-away",
        "data.unstuff data.unstuff-one",
        [
            _body(
                "bytes(body.replace(CRLF + stuffed, CRLF, 1)[len(CRLF) :] "
                "if body.startswith(CRLF + stuffed) else body[len(CRLF) :])"
            )
        ],
    ),
    Mutant(
        "all-leading-dots-taken-away",
        "data.unstuff",
        [headed("channel.py", "import re"), _body('re.sub(rb"(?m)^\\.+", b"", bytes(body))[len(CRLF) :]')],
    ),
    Mutant("only-doubled-dots-taken-away", "data.unstuff-one", [Edit("esmtp.py", 'STUFFED = b"."', 'STUFFED = b".."')]),
    Mutant(
        "dot-at-the-begin-of-a-segment-kept",
        "data.unstuff",
        [
            within(
                "channel.py",
                "Channel.read_body",
                RECEIVED,
                "held = len(self._received)\n"
                "self._receive()\n"
                'if self._received[held : held + 2] == b"..":\n'
                '    self._received[held:held] = b"."',
            )
        ],
    ),
]
TEXT = [
    Mutant(
        "long-lines-folded",
        "data.line-1000-whole",
        _changed('re.sub(rb"([^\\r\\n]{990})(?=[^\\r\\n])", rb"\\1\\r\\n ", message.text)'),
    ),
    Mutant(
        "long-lines-cut",
        "data.line-1000-whole",
        _changed('re.sub(rb"([^\\r\\n]{900})[^\\r\\n]+", rb"\\1", message.text)'),
    ),
    Mutant("spaces-at-line-ends-lost", "data.whole", _changed('re.sub(rb"[ \\t]+\\r\\n", b"\\r\\n", message.text)')),
    Mutant(
        "tabs-become-spaces",
        "data.whole",
        _changed('message.text.replace(b"\\t", b"        ")'),
        also="data.controls",
        why="A tab is a control character, too.",
    ),
    Mutant(
        "empty-lines-joined", "data.whole", _changed('message.text.replace(b"\\r\\n\\r\\n\\r\\n", b"\\r\\n\\r\\n")')
    ),
    Mutant(
        "header-fields-sorted",
        "data.whole",
        _changed('re.sub(rb"(X-Conformance: the first\\r\\n)(X-Other: [^\\r]*\\r\\n)", rb"\\2\\1", message.text)'),
    ),
    Mutant(
        "equal-fields-only-once",
        "data.whole",
        _changed('re.sub(rb"(?m)^x-conformance:[^\\r]*\\r\\n(?:[ \\t][^\\r]*\\r\\n)*", b"", message.text)'),
    ),
    Mutant(
        "200000-octets-kept",
        "data.whole-big",
        _changed('message.text[:200_000] + b"\\r\\n" if len(message.text) > 200_000 else message.text'),
    ),
    Mutant(
        "byte-lost-at-each-64-kib",
        "data.whole-big",
        _changed(
            'b"".join(message.text[at : at + 65_536][at > 0 :] for at in range(0, len(message.text), 65_536)) '
            "if len(message.text) > 200_000 else message.text"
        ),
    ),
    Mutant(
        "escape-characters-lost",
        "data.controls",
        _changed('message.text.replace(b"\\x1b", b"")'),
        also="bin.kept",
        why="A binary message is changed in the same way.",
    ),
    Mutant(
        "form-feed-ends-a-line",
        "data.controls",
        _changed('message.text.replace(b"\\f", b"\\r\\n")'),
        also="bin.kept",
        why="A binary message is changed in the same way.",
    ),
]
WHO = [
    Mutant(
        "header-is-the-envelope",
        "data.envelope",
        [
            headed("delivery.py", "import re"),
            delivered(
                'message.recipients = [*message.recipients, *re.findall(rb"(?m)^Cc: <([^>\\r]*)>", message.text)]'
            ),
        ],
    ),
    Mutant(
        "refused-and-delivered",
        "data.refused-gone",
        [within("delivery.py", "deliver", 'return b"554 5.6.0', f'{STORED}\nreturn b"554 5.6.0')],
    ),
    Mutant(
        "refused-for-its-hops-and-delivered",
        "data.refused-gone",
        [within("delivery.py", "deliver", 'return b"554 5.4.6', f'{STORED}\nreturn b"554 5.4.6')],
    ),
    Mutant(
        "taken-and-lost",
        "data.delivered",
        [within("delivery.py", "deliver", STORED, "pass")],
        also="rcpt.each data.crash",
        why="Nothing arrives.",
    ),
    Mutant(
        "bad-recipient-spoils-the-message",
        "data.partial ndn.sent",
        [
            within("site.py", "Site.refusal", "if unquoted(local_part).lower() == NOBODY:", "if False:"),
            delivered(
                'if any(one.startswith(b"nobody@") for one in message.recipients):\n    return b"250 2.0.0 Delivered"'
            ),
        ],
    ),
    Mutant(
        "refused-for-one-and-delivered-to-the-other",
        "data.partial",
        [
            within("site.py", "Site.refusal", "if unquoted(local_part).lower() == NOBODY:", "if False:"),
            within(
                "delivery.py",
                "deliver",
                'return b"250 2.0.0',
                'if any(one.startswith(b"nobody@") for one in message.recipients):\n'
                '    return b"550 5.1.1 No such user"\n'
                'return b"250 2.0.0',
            ),
        ],
    ),
    Mutant(
        "stored-a-while-after-its-250",
        "data.crash",
        [
            headed("delivery.py", "import threading"),
            within("delivery.py", "deliver", STORED, "threading.Timer(0.4, maildir.deliver, (message,)).start()"),
        ],
    ),
]
RELAY = [
    Mutant(
        "relays-bare-line-ends",
        "data.relay-clean",
        [
            within("delivery.py", "deliver", "if not is_binary and BARE.search(message.text):", "if False:"),
            *_relayed("pass"),
        ],
        options=("--store", SINK),
    ),
    Mutant(
        "relays-recipients-in-lower-case",
        "rcpt.case-kept",
        _relayed("message.recipients = [one.lower() for one in message.recipients]"),
        options=("--store", SINK),
    ),
]
MUTANTS = (*DOTS, *TEXT, *WHO, *RELAY)
