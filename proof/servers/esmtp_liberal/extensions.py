"""Servers with freedoms in what extensions leave open: logins, TLS, chunks, sizes, and notifications."""

from __future__ import annotations

from proof.servers.edit import Edit, begun, replaced, within
from proof.servers.esmtp_liberal.edits import unlisted
from proof.servers.esmtp_liberal.liberty import MAIL, EsmtpLiberal
from proof.servers.esmtp_mutants.common import first, said

_USER = f"--user user --password-file {MAIL}/password"
_AS_USER = ("--user", "user", "--password-file", f"{MAIL}/password")
_MECHANISMS = 'MECHANISMS = {b"PLAIN": _plain, b"LOGIN": _login, b"CRAM-MD5": _cram_md5}'
_STRANGER = "self._site.login_required and not self._is_logged_in"
_KNOWN = "if unquoted(local_part).lower() == NOBODY:"
_LIMITS = within(
    "site.py", "Site.keywords", 'b"LIMITS RCPTMAX=%d" % RECIPIENTS_LIMIT', 'b"LIMITS MAILMAX=1 RCPTMAX=1000"'
)
_NOTICE = """
lost = [one for one in recipients if one.lower().startswith(b"nobody@")]
if lost and self._reverse_path:
    told = b"Subject: Undelivered\\r\\nAuto-Submitted: auto-replied\\r\\n\\r\\nNo such user:\\r\\n\\r\\n" + text
    way = self._site.domain, self._address, b"ESMTP", b""
    self._site.maildir.deliver(Message(*way, [self._reverse_path], told))
recipients = [one for one in recipients if one not in lost]
if not recipients:
    return b"250 2.0.0 Taken"
"""
_ASKED = """
self._recipients.append(mailbox)
values = dict(parameters.given(found["parameters"]))
self._asked = getattr(self, "_asked", {}) | {mailbox: values.get(b"NOTIFY", b"FAILURE").upper()}
"""
_AS_ASKED = """
lost = [one for one in recipients if one.lower().startswith(b"nobody@")]
for one in recipients:
    fate = b"FAILURE" if one in lost else b"SUCCESS"
    if self._reverse_path and fate in self._asked[one]:
        told = b"Subject: %b\\r\\nAuto-Submitted: auto-replied\\r\\n\\r\\nTo %b:\\r\\n\\r\\n%b" % (fate, one, text)
        way = self._site.domain, self._address, b"ESMTP", b""
        self._site.maildir.deliver(Message(*way, [self._reverse_path], told))
recipients = [one for one in recipients if one not in lost]
if not recipients:
    return b"250 2.0.0 Taken"
"""


def _loginable(name: str, edits: list[Edit], why: str, warns: str = "", may: str = "") -> EsmtpLiberal:
    return EsmtpLiberal(name, edits, why, warns, may, arguments=_USER, options=_AS_USER)


EXTENSIONS = [
    _loginable("login-may-be", [], "who may log in need not (RFC 4954)"),
    _loginable(
        "login-by-plain-only",
        [Edit("auth.py", _MECHANISMS, 'MECHANISMS = {b"PLAIN": _plain}')],
        "one is enough (RFC 4954)",
    ),
    _loginable(
        "login-by-login-only",
        [Edit("auth.py", _MECHANISMS, 'MECHANISMS = {b"LOGIN": _login}')],
        "one is enough (RFC 4954)",
    ),
    _loginable(
        "other-prompts-of-login",
        [Edit("auth.py", 'b"Username:"', 'b"User Name\\0"'), Edit("auth.py", 'b"Password:"', 'b"Password\\0"')],
        "no RFC has the prompts",
    ),
    _loginable(
        "501-to-a-name-behind-auth-login",
        [begun("auth.py", "_login", 'if initial is not None:\n    raise _Refused(b"501 5.7.0 No initial response")')],
        "an initial response may be refused where the server begins (RFC 4954)",
    ),
    _loginable(
        "535-to-bad-base64",
        [Edit("auth.py", '_Refused(b"501 5.5.2 Not base64")', '_Refused(b"535 5.7.8 Not base64")')],
        "refused, and by another code than 501; it warns (disputed)",
        warns="auth.base64",
    ),
    _loginable(
        "535-to-unknown-mechanisms",
        [Edit("auth.py", "504 5.5.4 Mechanism", "535 5.7.8 Mechanism")],
        "535 is common (RFC 4954)",
    ),
    _loginable(
        "leaves-after-the-third-failed-login",
        [
            said(
                "_auth",
                'self._is_logged_in = reply.startswith(b"235")',
                """
                self._is_logged_in = reply.startswith(b"235")
                self._failed = getattr(self, "_failed", 0) + reply.startswith(b"535")
                if self._failed == 3:
                    reply, self._leaves = b"421 4.7.0 Too many failures", True
                """,
            )
        ],
        "three are enough (RFC 4954)",
    ),
    EsmtpLiberal(
        "login-only-inside-tls",
        [replaced("esmtp.py", "Esmtp._is_private", "def _is_private(self):\n    return self._channel.is_encrypted")],
        "as it should be (RFC 4954)",
        arguments=f"{_USER} --require-login",
        options=(*_AS_USER, "--tls", "starttls"),
    ),
    EsmtpLiberal(
        "wants-a-login-no-earlier-than-at-rcpt",
        [
            within("esmtp.py", "Esmtp._mail", f"if {_STRANGER}", f"if False and {_STRANGER}"),
            begun("esmtp.py", "Esmtp._rcpt", f'if {_STRANGER}:\n    return b"554 5.7.1 Access denied"'),
        ],
        "MAIL may be taken first, as by Postfix; another code than 530 warns (RFC 4954)",
        warns="auth.530",
        arguments=f"{_USER} --require-login",
        options=(*_AS_USER, "--role", "submission"),
    ),
    EsmtpLiberal(
        "no-tls-for-the-moment",
        [first("_starttls", 'return b"454 4.7.0 Not for the moment"')],
        "454 is a right answer (RFC 3207)",
    ),
    EsmtpLiberal(
        "closes-on-what-comes-with-starttls",
        [first("_starttls", "if self._channel._received:\n    raise EOFError")],
        "a close is right (RFC 3207, disputed)",
    ),
    EsmtpLiberal(
        "tls-1-3-only",
        [within("tls.py", "loaded", "ssl.TLSVersion.TLSv1_2", "ssl.TLSVersion.TLSv1_3")],
        "one is enough (RFC 8314)",
    ),
    EsmtpLiberal(
        "tls-1-2-only",
        [
            within(
                "tls.py",
                "loaded",
                "context.options |=",
                "context.maximum_version = ssl.TLSVersion.TLSv1_2\ncontext.options |=",
            )
        ],
        "one is enough (RFC 8314)",
    ),
    EsmtpLiberal(
        "ends-tls-without-a-word",
        [begun("channel.py", "Channel.end_tls", "return")],
        "many do",
        options=("--tls", "starttls"),
    ),
    EsmtpLiberal(
        "closes-on-a-chunk-that-it-cannot-take",
        [
            said(
                "_bdat",
                'size = int(found["size"])',
                """
                size = int(found["size"])
                if not self._recipients:
                    self._leaves = True
                    return b"503 5.5.1 RCPT first"
                """,
            )
        ],
        "a close is right (RFC 3030)",
    ),
    EsmtpLiberal("chunking-without-binarymime", unlisted("BINARYMIME"), "one does not need the other (RFC 3030)"),
    EsmtpLiberal(
        "takes-any-value-of-ret-and-envid",
        [
            Edit("parameters.py", '_values(rb"FULL|HDRS")', '_values(rb".*")'),
            Edit("parameters.py", '_values(XTEXT + rb"{1,100}")', '_values(rb".*")'),
        ],
        "it need not look at them; it warns (disputed)",
        may="dsn.mail-bad",
    ),
    EsmtpLiberal(
        "any-declared-size",
        [within("parameters.py", "refusal", 'if keyword == b"SIZE" and int(value) > SIZE_LIMIT:', "if False:")],
        "refused at the end of data; that MAIL takes it warns (disputed)",
        warns="size.over",
    ),
    EsmtpLiberal(
        "utf-8-without-smtputf8",
        [
            said("_mail", "if not is_utf8 and not found[0].isascii():", "if False:"),
            said("_rcpt", "if not self._is_utf8 and not found[0].isascii():", "if False:"),
        ],
        "most take it; it warns (disputed)",
        warns="utf8.without",
        may="cmd.8bit",
    ),
    EsmtpLiberal(
        "announces-one-message-a-session",
        [
            _LIMITS,
            first("_mail", 'if getattr(self, "_is_served", False):\n    return b"452 4.7.0 One message a session"'),
            first("_deliver", "self._is_served = True"),
        ],
        "messages of a session may be limited (RFC 9422)",
    ),
    EsmtpLiberal(
        "help-and-421-without-enhanced-codes",
        [said("_help", "214 2.0.0 ", "214 "), said("run", "421 4.4.2 ", "421 ")],
        "free text; it warns (disputed)",
        warns="esc.all",
        may="esc.without-ehlo esc.lines",
    ),
    EsmtpLiberal(
        "sends-each-reply-at-once",
        [
            within(
                "channel.py",
                "Channel.reply",
                "self._replies += text + CRLF",
                "self._replies += text + CRLF\nself._send_replies()",
            )
        ],
        "replies need not wait for each other (RFC 2920)",
    ),
    EsmtpLiberal(
        "takes-unknown-users-and-notifies",
        [*unlisted("DSN"), within("site.py", "Site.refusal", _KNOWN, "if False:"), first("_deliver", _NOTICE)],
        "a bad recipient may be found later (3.3)",
    ),
    EsmtpLiberal(
        "notifies-as-it-is-asked-to",
        [
            within("site.py", "Site.refusal", _KNOWN, "if False:"),
            said("_rcpt", "self._recipients.append(mailbox)", _ASKED),
            first("_deliver", _AS_ASKED),
        ],
        "a server that is the last one may tell of the delivery, too (RFC 3461)",
    ),
    EsmtpLiberal(
        "refuses-a-message-for-one-unknown-user",
        [
            within("site.py", "Site.refusal", _KNOWN, "if False:"),
            first(
                "_deliver",
                """
                if any(one.lower().startswith(b"nobody@") for one in recipients):
                    return b"550 5.1.1 No such user"
                """,
            ),
        ],
        "answer and delivery agree; that the others get nothing warns (disputed)",
        warns="data.partial",
    ),
    EsmtpLiberal(
        "leaves-after-ten-errors-and-takes-20-recipients",
        [
            Edit("parameters.py", "RECIPIENTS_LIMIT = 1_000", "RECIPIENTS_LIMIT = 20"),
            said(
                "_rcpt",
                'return b"452 4.5.3 Too many recipients"',
                """
                self._over = getattr(self, "_over", 0) + 1
                self._leaves = self._over > 9
                return b"421 4.7.0 Too many errors" if self._leaves else b"452 4.5.3 Too many recipients"
                """,
            ),
        ],
        "421 is policy; a lower limit that is announced warns (RFC 9422)",
        warns="rcpt.100",
    ),
]
