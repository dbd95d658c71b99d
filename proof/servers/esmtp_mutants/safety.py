"""Mutants of STARTTLS and AUTH."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, headed, within
from proof.servers.esmtp_mutants.common import first, said

GO_ON = 'self._channel.reply(b"220 2.0.0 Go on in TLS")'
FORGETS = "self._forget_client()"
LOGGED_IN = 'self._is_logged_in = reply.startswith(b"235")'
REQUIRED = Edit("__main__.py", 'default="starttls", choices', 'default="required", choices')
LOGIN_REQUIRED = Edit(
    "__main__.py", 'add("--require-login", action="store_true"', 'add("--require-login", action="store_false"'
)
INSIDE = ("--tls", "starttls")

TLS = [
    Mutant("starttls-gets-250", "tls.220", [said("_starttls", "220 2.0.0 Go on", "250 2.0.0 Go on")]),
    Mutant(
        "220-and-no-handshake", "tls.220", [said("_starttls", "self._channel.start_tls(self._site.context)", "pass")]
    ),
    Mutant(
        "starttls-with-an-argument",
        "tls.argument",
        [Edit("commands.py", 'b"STARTTLS": (_syntax()', 'b"STARTTLS": (_syntax(rb".*")')],
    ),
    Mutant(
        "transaction-from-before-tls",
        "tls.reset",
        [said("_starttls", FORGETS, "pass")],
    ),
    Mutant(
        "greeted-again-inside-tls",
        "tls.reset",
        [said("_starttls", FORGETS, f'{FORGETS}\nself._channel.reply(b"220 %b ready" % self._site.domain)')],
    ),
    Mutant(
        "name-from-before-tls",
        "tls.forgets-name",
        [
            said(
                "_starttls",
                FORGETS,
                "was = self._client, self._is_extended\n" + FORGETS + "\nself._client, self._is_extended = was",
            )
        ],
    ),
    Mutant(
        "login-from-before-tls",
        "tls.forgets-login",
        [said("_starttls", FORGETS, f"was = self._is_logged_in\n{FORGETS}\nself._is_logged_in = was"), LOGIN_REQUIRED],
    ),
    Mutant(
        "starttls-announced-inside-tls",
        "tls.not-again",
        [within("site.py", "Site.keywords", "if self.context and not is_encrypted", "if self.context")],
    ),
    Mutant(
        "starttls-inside-tls-gets-220", "tls.twice", [said("_starttls", "503 5.5.1 TLS is on", "220 2.0.0 Once more")]
    ),
    Mutant(
        "clear-text-behind-starttls-runs-inside",
        "tls.injection",
        [within("channel.py", "Channel.start_tls", "self._received.clear()", "pass")],
    ),
    Mutant(
        "goes-on-in-clear-after-a-failed-handshake",
        "tls.failed",
        [
            headed("esmtp.py", "import ssl"),
            said(
                "_starttls",
                "self._channel.start_tls(self._site.context)",
                "try:\n"
                "    self._channel.start_tls(self._site.context)\n"
                "except ssl.SSLError:\n"
                "    self._channel._tls = None",
            ),
            within(
                "channel.py",
                "Channel.start_tls",
                "self._send_replies()  #",
                "self._tls and self._tls.is_established and self._send_replies()  #",
            ),
        ],
    ),
    Mutant("public-server-insists-on-tls", "tls.not-needed", [REQUIRED], options=("--public", *INSIDE)),
    Mutant(
        "insists-on-tls-and-serves-vrfy",
        "tls.530",
        [REQUIRED, Edit("esmtp.py", 'BEFORE_TLS = (b"NOOP",', 'BEFORE_TLS = (b"NOOP", b"VRFY",')],
        options=INSIDE,
    ),
]
AUTH = [
    Mutant(
        "auth-without-mechanisms",
        "auth.keyword",
        [within("site.py", "Site.keywords", 'b"AUTH " + b" ".join(MECHANISMS)', 'b"AUTH"')],
    ),
    Mutant(
        "login-gets-250",
        "auth.235",
        [
            within("auth.py", "log_in", "235 2.7.0", "250 2.7.0"),
            said("_auth", LOGGED_IN, 'self._is_logged_in = reply.startswith(b"250")'),
        ],
    ),
    Mutant(
        "mechanisms-in-upper-case-only",
        "auth.235",
        [within("auth.py", "log_in", "MECHANISMS.get(mechanism.upper())", "MECHANISMS.get(mechanism)")],
    ),
    Mutant(
        "initial-response-ignored",
        "auth.235",
        [within("auth.py", "_plain", 'ask(b"") if initial is None else initial', 'ask(b"")')],
    ),
    Mutant(
        "no-login-after-one-that-failed",
        "auth.235",
        [
            first("_auth", 'if getattr(self, "_failed", False):\n    return b"535 5.7.8 Not any more"'),
            said("_auth", LOGGED_IN, f"{LOGGED_IN}\nself._failed = not self._is_logged_in"),
        ],
    ),
    Mutant("challenges-in-clear", "auth.334", [within("auth.py", "log_in", "b64encode(challenge)", "challenge")]),
    Mutant(
        "334-without-its-space",
        "auth.334",
        [within("auth.py", "log_in", 'b"334 " + b64encode(challenge)', '(b"334 " + b64encode(challenge)).rstrip()')],
    ),
    Mutant(
        "beginning-of-the-password-will-do",
        "auth.wrong",
        [
            within(
                "auth.py",
                "Credentials.admit",
                "compare_digest(password, self.password)",
                "self.password.startswith(password)",
            )
        ],
    ),
    Mutant(
        "password-in-any-letter-case",
        "auth.wrong",
        [
            within(
                "auth.py",
                "Credentials.admit",
                "compare_digest(password, self.password)",
                "compare_digest(password.lower(), self.password.lower())",
            )
        ],
    ),
    Mutant(
        "password-of-eight-letters",
        "auth.wrong",
        [
            within(
                "auth.py",
                "Credentials.admit",
                "compare_digest(password, self.password)",
                "(password[:8] == self.password[:8])",
            )
        ],
    ),
    Mutant(
        "nobody-can-log-in",
        "auth.wrong",
        [
            within(
                "auth.py",
                "Credentials.admit",
                "compare_digest(user, self.user)",
                "(not user or compare_digest(user, self.user))",
            )
        ],
    ),
    Mutant(
        "external-lets-anybody-in",
        "auth.wrong",
        [first("_auth", 'if found["mechanism"].upper() == b"EXTERNAL":\n    return b"235 2.7.0 Welcome"')],
    ),
    Mutant(
        "failed-login-counts",
        "auth.failed-out",
        [said("_auth", LOGGED_IN, "self._is_logged_in = True"), LOGIN_REQUIRED],
        also="auth.235 auth.once auth.three auth.wrong",
        why="A second login is one too many then.",
    ),
    Mutant(
        "cancelled-login-counts",
        "auth.failed-out",
        [said("_auth", LOGGED_IN, 'self._is_logged_in = reply.startswith((b"235", b"501"))'), LOGIN_REQUIRED],
    ),
    Mutant(
        "unknown-mechanism-is-plain",
        "auth.unknown",
        [within("auth.py", "log_in", "MECHANISMS.get(mechanism.upper())", "MECHANISMS.get(mechanism.upper(), _plain)")],
        also="auth.wrong",
        why="EXTERNAL is one of them.",
    ),
    Mutant(
        "cancelled-login-gets-535",
        "auth.cancel",
        [within("auth.py", "log_in", "501 5.7.0 Cancelled", "535 5.7.8 Cancelled")],
    ),
    Mutant(
        "cancelled-login-gets-250",
        "auth.cancel",
        [within("auth.py", "log_in", "501 5.7.0 Cancelled", "250 2.7.0 Cancelled")],
    ),
    Mutant(
        "bad-base64-closes",
        "auth.base64",
        [said("_auth", LOGGED_IN, f'self._leaves = reply.startswith(b"501 5.5.2")\n{LOGGED_IN}')],
    ),
    Mutant(
        "bad-base64-gets-535",
        "auth.base64",
        [within("auth.py", "_decoded", "501 5.5.2 Not base64", "535 5.5.2 Not base64")],
    ),
    Mutant(
        "response-of-1000-octets",
        "auth.long",
        [Edit("auth.py", "RESPONSE_LIMIT = 12_288 - 2", "RESPONSE_LIMIT = 1_000")],
    ),
    Mutant(
        "user-at-once-ignored",
        "auth.login-name",
        [within("auth.py", "_login", 'ask(b"Username:") if initial is None else initial', 'ask(b"Username:")')],
    ),
    Mutant(
        "server-that-speaks-first-takes-an-initial-response",
        "auth.no-initial",
        [within("auth.py", "_cram_md5", 'raise _Refused(b"501 5.7.0 The server speaks first")', "pass")],
    ),
    Mutant("second-login-taken", "auth.once", [said("_auth", "if self._is_logged_in:", "if False:")]),
    Mutant(
        "login-in-a-transaction",
        "auth.in-mail",
        [said("_auth", 'return b"503 5.5.1 Not within a transaction"', "pass")],
    ),
    Mutant(
        "refused-login-ends-the-transaction",
        "auth.in-mail",
        [said("_auth", 'return b"503 5.5.1 Not within', 'self._forget_message()\nreturn b"503 5.5.1 Not within')],
    ),
    Mutant(
        "first-failed-login-closes",
        "auth.three",
        [said("_auth", LOGGED_IN, f'self._leaves = reply.startswith(b"535")\n{LOGGED_IN}')],
        also="auth.long",
        why="That is a login that fails, too.",
    ),
    Mutant(
        "auth-of-nobody-refused",
        "auth.mail-param",
        [Edit("parameters.py", 'b"AUTH": _values(rb"<>|%b+" % XTEXT)', 'b"AUTH": _values(rb"(?!<>)%b+" % XTEXT)')],
    ),
    Mutant(
        "auth-of-a-mailbox-refused",
        "auth.mail-param",
        [Edit("parameters.py", 'b"AUTH": _values(rb"<>|%b+" % XTEXT)', 'b"AUTH": _values(rb"<>")')],
    ),
    Mutant(
        "login-asked-for-by-550", "auth.530", [said("_mail", "530 5.7.0 Log in", "550 5.7.1 Log in"), LOGIN_REQUIRED]
    ),
    Mutant(
        "rset-needs-a-login",
        "auth.530",
        [LOGIN_REQUIRED, first("_rset", 'if not self._is_logged_in:\n    return b"530 5.7.0 Log in first"')],
        also="rset.250 order.before-ehlo",
        why="RSET is refused.",
    ),
    Mutant("rset-logs-out", "auth.rset", [first("_rset", "self._is_logged_in = False"), LOGIN_REQUIRED]),
    Mutant("second-ehlo-logs-out", "auth.rset", [first("_ehlo", "self._is_logged_in = False"), LOGIN_REQUIRED]),
    Mutant("with-esmtp-after-a-login", "auth.received", [said("_protocol", ' + b"A" * self._is_logged_in', "")]),
]
MUTANTS = (*TLS, *AUTH)
