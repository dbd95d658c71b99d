"""Servers with policies: whom they serve, for how long, and which mail they take."""

from __future__ import annotations

from proof.servers.edit import Edit, headed, within
from proof.servers.esmtp_liberal.edits import COUNTING, NO_CHUNKS, TIME, after_errors, unlisted
from proof.servers.esmtp_liberal.liberty import MAIL, EsmtpLiberal
from proof.servers.esmtp_mutants.common import answered, first, greeted, refused

_SEEN = headed("esmtp.py", "_SEEN = set()")
_GREY = 'return b"450 4.7.1 Not known yet, try again"'
_PER_RECIPIENT = f"""
envelope = self._reverse_path, found[0]
if self._reverse_path is not None and envelope not in _SEEN:
    _SEEN.add(envelope)
    {_GREY}
"""
_PER_TRANSACTION = f"""
if self._reverse_path is not None and not getattr(self, "_was_asked", False):
    self._was_asked = True
    {_GREY}
"""
_LEAVING = 'reply, self._leaves = b"421 4.7.0 Too many errors", True'
_LOGIN = f"--user user --password-file {MAIL}/password --require-login"
_USER = ("--user", "user", "--password-file", f"{MAIL}/password")


def _closing(expression: str, reply: str) -> list[Edit]:
    """Close on what is found in a command line or in a text, before its end."""
    code = f"""
    import re


    def _guard(channel):
        if re.search({expression}, channel._received):
            channel.last_reply(b"{reply}")
            raise EOFError
    """
    looks = "self._receive()\n_guard(self)"
    return [
        headed("channel.py", code),
        within("channel.py", "Channel.read_line", "self._receive()", looks),
        within("channel.py", "Channel.read_body", "self._receive()", looks),
        *NO_CHUNKS,
    ]


def _now_and_then(answer: str, condition: str, reply: str) -> list[Edit]:
    return [COUNTING, first(answer, f'if {condition} and next(_TURN) % 5 == 0:\n    return b"{reply}"')]


def _limited(connections: int) -> Edit:
    return within(
        "office.py",
        "PostOffice.serve",
        "self._connected.add(channel)",
        f"""
        if len(self._connected) >= {connections}:
            channel.last_reply(b"421 4.7.0 Too many connections")
            return
        self._connected.add(channel)
        """,
    )


POLICY = [
    EsmtpLiberal("the-reference-server-as-it-is"),
    EsmtpLiberal(
        "greylists-each-new-pair-of-sender-and-recipient",
        [_SEEN, first("_rcpt", _PER_RECIPIENT)],
        "a 450 at RCPT is nobody's fault (7.8)",
    ),
    EsmtpLiberal(
        "greylists-the-first-recipient-of-each-session",
        [first("_rcpt", _PER_TRANSACTION)],
        "a 450 at RCPT is nobody's fault (7.8)",
    ),
    EsmtpLiberal(
        "takes-a-second-for-each-reply-after-two-errors",
        [TIME, after_errors(2, "time.sleep(1)")],
        "a tarpit is slow, and within the client's patience (4.5.3.2)",
        workers=8,
    ),
    EsmtpLiberal(
        "takes-two-seconds-for-each-reply-after-three-errors",
        [TIME, after_errors(3, "time.sleep(2)")],
        "a tarpit is slow, and within the client's patience (4.5.3.2)",
        workers=8,
    ),
    EsmtpLiberal("leaves-after-ten-errors", [after_errors(10, _LEAVING)], "421 is policy (3.8)"),
    EsmtpLiberal("leaves-after-three-errors", [after_errors(3, _LEAVING)], "421 is policy (3.8)"),
    EsmtpLiberal("421-to-the-fifth-connection", [_limited(4)], "connections may be limited (7.8)"),
    EsmtpLiberal("421-to-the-third-connection", [_limited(2)], "connections may be limited (7.8)", may="conn.parallel"),
    EsmtpLiberal(
        "closes-on-early-talkers",
        [
            headed("esmtp.py", "import select"),
            first(
                "run",
                """
                if select.select([self._channel._connection], [], [], 0.1)[0]:
                    self._channel.last_reply(b"554 5.5.1 I speak first")
                    return
                """,
            ),
        ],
        "a client waits for the greeting (4.3.1)",
        workers=4,
    ),
    EsmtpLiberal(
        "closes-on-a-bare-lf",
        _closing('rb"(?<!\\r)\\n"', "521 5.5.2 Bare LF"),
        "a defence (2.3.8)",
    ),
    EsmtpLiberal(
        "closes-on-a-bare-cr",
        _closing('rb"\\r(?!\\n|\\Z)"', "521 5.5.2 Bare CR"),
        "a defence (2.3.8)",
    ),
    EsmtpLiberal(
        "closes-on-bytes-over-127",
        [*_closing('rb"[\\x80-\\xff]"', "554 5.6.0 ASCII only"), *unlisted("SMTPUTF8", "8BITMIME")],
        "a defence; that it lacks 8BITMIME warns (2.4)",
        warns="ehlo.8bitmime",
    ),
    EsmtpLiberal("closes-on-nul", _closing('b"\\0"', "554 5.6.0 No NUL"), "a defence (4.1.2)"),
    EsmtpLiberal(
        "closes-on-overlong-lines",
        [answered("self._leaves = self._leaves or line is None")],
        "a defence (4.5.3.1)",
    ),
    EsmtpLiberal(
        "554-to-everyone-until-quit",
        [
            greeted('b"554 %b No mail here" % self._site.domain'),
            first("_answer", 'if line.upper() != b"QUIT":\n    return b"503 5.5.1 No mail here"'),
        ],
        "a host may serve nobody (3.1)",
    ),
    EsmtpLiberal(
        "554-to-everyone-and-a-close",
        [first("run", 'self._channel.last_reply(b"554 No mail here")\nreturn')],
        "a host may serve nobody; that it does not wait for QUIT warns (3.1)",
        warns="greet.554-waits",
    ),
    EsmtpLiberal(
        "521-to-everyone",
        [first("run", 'self._channel.last_reply(b"521 No mail here")\nreturn')],
        "a host may never take mail (RFC 7504)",
    ),
    EsmtpLiberal(
        "421-to-everyone",
        [first("run", 'self._channel.last_reply(b"421 Too much to do")\nreturn')],
        "a server may be shutting down (3.8)",
    ),
    EsmtpLiberal(
        "421-to-every-seventh-connection",
        [
            COUNTING,
            first("run", 'if next(_TURN) % 7 == 0:\n    self._channel.last_reply(b"421 Too fast")\n    return'),
        ],
        "the pace of connections may be limited (7.8)",
    ),
    EsmtpLiberal(
        "451-to-every-fifth-sender",
        _now_and_then("_mail", "self._client and self._reverse_path is None", "451 4.3.0 Try again"),
        "a fault for now is nobody's (4.2.1)",
    ),
    EsmtpLiberal(
        "451-to-every-fifth-data",
        _now_and_then("_data", "self._recipients", "451 4.3.0 Try again"),
        "a fault for now is nobody's (4.2.1)",
    ),
    EsmtpLiberal(
        "451-to-every-fifth-message",
        _now_and_then("_deliver", "True", "451 4.3.0 Try again"),
        "a fault for now is nobody's (4.2.1)",
    ),
    EsmtpLiberal(
        "one-message-a-session",
        [
            first("_mail", 'if getattr(self, "_is_served", False):\n    return b"452 4.7.0 One message a session"'),
            first("_deliver", "self._is_served = True"),
        ],
        "messages of a session may be limited",
    ),
    EsmtpLiberal(
        "announces-a-limit-of-100-recipients",
        [Edit("parameters.py", "RECIPIENTS_LIMIT = 1_000", "RECIPIENTS_LIMIT = 100")],
        "100 are enough (4.5.3.1.8)",
    ),
    EsmtpLiberal(
        "announces-a-limit-of-50-recipients",
        [Edit("parameters.py", "RECIPIENTS_LIMIT = 1_000", "RECIPIENTS_LIMIT = 50")],
        "a lower limit that is announced warns (RFC 9422)",
        warns="rcpt.100",
    ),
    EsmtpLiberal(
        "keeps-its-quota-for-small-messages",
        [refused("len(text) > 50_000", "452 4.2.2 Mailbox full")],
        "a quota is policy (4.5.3.1.9)",
    ),
    EsmtpLiberal(
        "takes-64-kib-at-the-most",
        [Edit("parameters.py", "SIZE_LIMIT = 10 * 2**20", "SIZE_LIMIT = 2**16")],
        "64 KiB are enough (4.5.3.1.7)",
    ),
    EsmtpLiberal(
        "550-5-7-1-to-odd-headers",
        [
            refused(
                'not (re.search(rb"(?im)^Date: ", text) and re.search(rb"(?im)^From: .*@", text))'
                ' or re.search(rb"(?im)^resent-|^x-odd|^[a-z-]+:[ \\t]*$", text)',
                "550 5.7.1 Looks like spam",
            )
        ],
        "a filter of content is policy (7.9)",
    ),
    EsmtpLiberal(
        "554-5-7-1-to-control-characters",
        [refused('re.search(rb"[\\x01-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\xff]", text)', "554 5.7.1 Not ASCII")],
        "a filter of content is policy (7.9)",
    ),
    EsmtpLiberal(
        "refuses-messages-without-a-date",
        [refused('not re.search(rb"(?im)^Date:", text)', "550 5.6.0 No Date")],
        "it goes by the header; that is not said to be policy, and warns (3.3)",
        warns="data.odd-header",
    ),
    EsmtpLiberal(
        "no-senders-without-a-dot-in-the-domain",
        [
            first(
                "_mail",
                'if found["mailbox"] and b"." not in found["mailbox"].rpartition(b"@")[2]:\n'
                '    return b"550 5.1.8 Domain of sender not found"',
            )
        ],
        "a sender may be looked up (7.9)",
    ),
    EsmtpLiberal(
        "no-strange-senders",
        [
            first(
                "_mail",
                'if found["mailbox"] and not found["mailbox"].endswith(b"@" + self._site.domain):\n'
                '    return b"553 5.7.1 Sender address rejected"',
            )
        ],
        "a sender may be refused (7.9)",
    ),
    EsmtpLiberal(
        "550-to-address-literals",
        [
            first("_mail", 'if b"@[" in found[0]:\n    return b"550 5.7.1 No literals"'),
            first("_rcpt", 'if b"@[" in found[0]:\n    return b"550 5.7.1 No literals"'),
        ],
        "policy: it says nothing of the syntax (7.9)",
    ),
    EsmtpLiberal(
        "550-to-literals-in-ehlo",
        [first("_helo", 'if found[0][:1] == b"[":\n    return b"550 5.7.1 No literals"')],
        "policy: it says nothing of the syntax (7.9)",
        options=("--client-name", "client.example"),
    ),
    EsmtpLiberal(
        "550-to-source-routes",
        [
            first("_mail", 'if b"<@" in found[0]:\n    return b"550 5.7.1 No routes"'),
            first("_rcpt", 'if b"<@" in found[0]:\n    return b"550 5.7.1 No routes"'),
        ],
        "relaying by a route may be declined (F.2)",
    ),
    EsmtpLiberal(
        "553-to-quoted-local-parts",
        [
            first("_mail", 'if b\'"\' in found[0]:\n    return b"553 5.1.7 No quotes"'),
            first("_rcpt", 'if b\'"\' in found[0]:\n    return b"553 5.1.3 No quotes"'),
        ],
        "sites have conventions (4.1.1); that quoted forms are equal warns (4.1.2)",
        warns="mail.quoted rcpt.quoted-equal",
    ),
    EsmtpLiberal(
        "550-to-percents-and-bangs-in-recipients",
        [first("_rcpt", 'if re.search(rb"[%!|/]", found[0]):\n    return b"550 5.7.1 No tricks"')],
        "policy: it says nothing of the syntax (7.9)",
    ),
    EsmtpLiberal(
        "no-postmaster",
        [first("_rcpt", 'if b"postmaster" in found[0].lower():\n    return b"550 5.1.1 No such user"')],
        "a mailbox is missing, which warns on a server that is not public (4.5.1)",
        warns="rcpt.postmaster",
        recipients=("other@reference.example", "another@reference.example"),
    ),
    EsmtpLiberal(
        "tls-required-of-a-client-that-has-none",
        (),
        "a 530 blocks what follows (RFC 3207)",
        arguments="--tls required",
    ),
    EsmtpLiberal(
        "tls-required",
        (),
        "a 530 before it (RFC 3207)",
        arguments="--tls required",
        options=("--tls", "starttls"),
    ),
    EsmtpLiberal(
        "tls-from-the-first-octet",
        (),
        "as on port 465 (RFC 8314)",
        arguments="--tls implicit",
        options=("--tls", "implicit"),
    ),
    EsmtpLiberal("no-tls", (), "STARTTLS is an extension (RFC 3207)", arguments="--tls none"),
    EsmtpLiberal(
        "login-required-of-a-client-that-has-none",
        (),
        "a 530 blocks what follows (RFC 4954)",
        arguments=_LOGIN,
    ),
    EsmtpLiberal(
        "login-required",
        (),
        "a 530 before it (RFC 4954)",
        arguments=_LOGIN,
        options=_USER,
    ),
]
