"""Servers with words and codes of their own, and with other extensions."""

from __future__ import annotations

from proof.servers.edit import Edit, headed, within
from proof.servers.esmtp_liberal.edits import NO_CHUNKS, unlisted
from proof.servers.esmtp_liberal.liberty import EsmtpLiberal
from proof.servers.esmtp_mutants.common import UNKNOWN, announced, answered, first, greeted, said

_REPLY = "self._replies += text + CRLF"
_REGULAR = headed("channel.py", "import re")
_PLAIN_LINE = 'CRLF not in text and not text.startswith((b"334", b"250 reference"))'
_ENHANCED = 'rb"(?m)^(\\d{3}[ -])\\d\\.\\d{1,3}\\.\\d{1,3} "'
_DATA_REFUSED = 'return b"503 5.5.1 RCPT first"'
_VERBS = ("STARTTLS", "AUTH", "BDAT", "VRFY", "HELP")
_LOCAL = 'found[0].strip(b"<>").lower() in (b"other@reference.example", b"other")'


def _spoken(code: str) -> list[Edit]:
    """Do something with the `text` of each reply."""
    return [_REGULAR, within("channel.py", "Channel.reply", _REPLY, f"{code}\n{_REPLY}")]


def _ehlo(lines: str) -> Edit:
    """Say something else in reply to EHLO: an expression of a list of bytes, from `lines` and `last`."""
    joined = 'return CRLF.join((*(b"250-" + line for line in lines), b"250 " + last))'
    return said("_ehlo", joined, f"*lines, last = {lines}\n{joined}")


def _served(*verbs: str) -> list[Edit]:
    """Serve only what there has to be, and some verbs."""
    gone = [verb for verb in _VERBS if verb not in verbs]
    return [Edit("esmtp.py", f'    b"{verb}": Esmtp._{verb.lower()},\n', "") for verb in gone]


_UNTOLD = [
    within("site.py", "Site.keywords", f"{tls},", "")
    for tls in ('*((b"STARTTLS",) if self.context and not is_encrypted else ())',)
]

SPEECH = [
    EsmtpLiberal(
        "no-enhanced-codes",
        [*_spoken(f'text = re.sub({_ENHANCED}, rb"\\1", text)'), *unlisted("ENHANCEDSTATUSCODES")],
        "an extension (RFC 2034)",
    ),
    EsmtpLiberal(
        "ehlo-tells-no-keyword",
        [_ehlo("[self._site.domain]"), *_served(), *_spoken(f'text = re.sub({_ENHANCED}, rb"\\1", text)')],
        "extensions are free; 8BITMIME should be there (2.4), VRFY and HELP too (4.5.1, 4.1.1.8)",
        warns="ehlo.8bitmime vrfy.known help.211",
    ),
    EsmtpLiberal(
        "knows-helo-only",
        [
            Edit("esmtp.py", '    b"EHLO": Esmtp._ehlo,\n', ""),
            Edit("commands.py", UNKNOWN, 'b"502 5.5.1 Command not implemented"'),
            *_served(),
        ],
        "a server of RFC 821: that EHLO is missing is said once, and judged by nothing else",
        fails="cmd.required",
        warns="cmd.unknown-500",
        may="vrfy.known help.211",
        status=1,
    ),
    EsmtpLiberal("no-pipelining", unlisted("PIPELINING"), "an extension (RFC 2920)"),
    EsmtpLiberal("no-chunking", NO_CHUNKS, "an extension (RFC 3030)"),
    EsmtpLiberal("no-8bitmime", unlisted("8BITMIME", "SMTPUTF8"), "it should be there (2.4)", warns="ehlo.8bitmime"),
    EsmtpLiberal("no-dsn", unlisted("DSN"), "an extension (RFC 3461)"),
    EsmtpLiberal(
        "size-without-a-number",
        [within("site.py", "Site.keywords", 'b"SIZE %d" % SIZE_LIMIT', 'b"SIZE"')],
        "no number is no limit told (RFC 1870)",
    ),
    EsmtpLiberal(
        "size-0",
        [within("site.py", "Site.keywords", 'b"SIZE %d" % SIZE_LIMIT', 'b"SIZE 0"')],
        "no fixed limit (RFC 1870)",
    ),
    EsmtpLiberal(
        "keywords-in-lower-case",
        [_ehlo("[lines[0], *(line.lower() for line in lines[1:]), last.lower()]")],
        "keywords have no case (2.4)",
    ),
    EsmtpLiberal(
        "experimental-keywords",
        [announced("X-FROB", "XFROB a=b;c (d)", "x1")],
        "what begins with X is free (4.1.1.1)",
    ),
    EsmtpLiberal(
        "old-form-of-auth-announced-too",
        [announced("AUTH=PLAIN LOGIN"), announced("AUTH PLAIN LOGIN")][:1],
        "kept for very old clients (disputed)",
    ),
    EsmtpLiberal(
        "ehlo-greets-the-client",
        [_ehlo('[lines[0] + b" Hello " + found[0] + b" (" + self._address + b"), welcome", *lines[1:], last]')],
        "text is free (4.1.1.1)",
    ),
    EsmtpLiberal(
        "another-name-in-ehlo-than-in-the-greeting",
        [greeted('b"220 mx1.farm.reference.example %b" % self.KIND')],
        "a host has many names",
    ),
    EsmtpLiberal(
        "greets-with-its-name-alone",
        [greeted('b"220 " + self._site.domain')],
        "text is free (4.3.1)",
    ),
    EsmtpLiberal(
        "greets-in-many-lines",
        [greeted('CRLF.join((*(b"220-%b line %d" % (self._site.domain, n) for n in range(30)), b"220 Ready"))')],
        "a reply may have many lines (4.2.1)",
    ),
    EsmtpLiberal(
        "greets-with-a-name-of-one-label",
        [greeted('b"220 mail ESMTP"')],
        "the grammar has it; that it is not fully qualified warns (2.3.5)",
        warns="greet.fqdn",
    ),
    EsmtpLiberal(
        "greets-with-an-address-literal",
        [greeted('b"220 [127.0.0.1] ESMTP"')],
        "the grammar has it; a host with a name should tell it (2.3.4)",
        may="greet.fqdn",
    ),
    EsmtpLiberal(
        "each-reply-twice-in-lines",
        _spoken(f'if {_PLAIN_LINE}:\n    text = text[:3] + b"-" + text[4:] + CRLF + text'),
        "any reply may have many lines (4.2.1)",
    ),
    EsmtpLiberal(
        "each-reply-in-forty-lines",
        _spoken(f'if {_PLAIN_LINE}:\n    text = (text[:3] + b"-" + text[4:] + CRLF) * 39 + text'),
        "any reply may have many lines (4.2.1)",
    ),
    EsmtpLiberal(
        "replies-of-500-octets",
        _spoken(f'if {_PLAIN_LINE}:\n    text = text.ljust(510, b"~")'),
        "a reply line has 512 octets at the most (4.5.3.1.5)",
    ),
    EsmtpLiberal(
        "tabs-and-odd-marks-in-replies",
        _spoken(f'if {_PLAIN_LINE}:\n    text += b"\\t<#@!\\\\\\"%s%n$(x)`;|"'),
        "any text will do (4.2)",
    ),
    EsmtpLiberal(
        "quotes-what-it-refuses",
        [
            answered(
                """
                if reply and line and reply[:1] == b"5" and line.isascii() and line.decode().isprintable():
                    reply += b': "%b"' % line[:100]
                """
            )
        ],
        "any text will do (4.2)",
    ),
    EsmtpLiberal(
        "502-to-unknown-verbs",
        [Edit("commands.py", UNKNOWN, 'b"502 5.5.1 Command not implemented"')],
        "502 is for verbs that it knows (4.2.4)",
        warns="cmd.unknown-500",
    ),
    EsmtpLiberal(
        "500-to-wrong-syntax",
        [Edit("commands.py", '"501 5.5.4 Syntax: "', '"500 5.5.4 Syntax: "')],
        "500 fits all (4.3.2), though RFC 3207 gives STARTTLS a 501",
        may="tls.argument args.data dsn.mail-bad dsn.rcpt-bad",
    ),
    EsmtpLiberal(
        "501-to-unknown-parameters",
        [Edit("parameters.py", '"555 5.5.4 Parameter', '"501 5.5.4 Parameter')],
        "501 fits all (4.3.2)",
    ),
    EsmtpLiberal(
        "554-to-data-without-recipients",
        [said("_data", _DATA_REFUSED, 'self._forget_message()\nreturn b"554 5.5.1 No valid recipients"')],
        "554 is right as well (3.3)",
    ),
    EsmtpLiberal(
        "354-to-data-without-recipients",
        [
            said("_data", _DATA_REFUSED, "pass"),
            first(
                "_end",
                'if not self._recipients:\n    self._forget_message()\n    return b"554 5.5.1 No valid recipients"',
            ),
        ],
        "refused at the latest at the end of data (3.3)",
        may="pipe.data-iff",
    ),
    EsmtpLiberal(
        "550-to-wrong-paths",
        [
            within(
                "commands.py",
                "parse",
                "syntax, usage = SYNTAX[verb]",
                """
                syntax, usage = SYNTAX[verb]
                if verb in (b"MAIL", b"RCPT") and not syntax.fullmatch(argument) and b"<" in argument:
                    return verb, b"553 5.1.3 Bad address"
                """,
            )
        ],
        "a bad address is refused by whatever 5yz (disputed)",
    ),
    EsmtpLiberal(
        "251-to-recipients",
        [said("_rcpt", "250 2.1.5 Recipient OK", "251 2.1.5 Not here, but it will get there")],
        "251 is right as well (3.3)",
    ),
    EsmtpLiberal(
        "551-to-foreign-recipients",
        [within("site.py", "Site.refusal", "550 5.7.1", "551 5.7.1")],
        "a policy (3.4)",
    ),
    EsmtpLiberal(
        "554-to-foreign-recipients",
        [within("site.py", "Site.refusal", "550 5.7.1", "554 5.7.1")],
        "a policy (7.9)",
    ),
    EsmtpLiberal(
        "211-to-help",
        [said("_help", '214 2.0.0 " + b" ".join(self._answers())', '211 2.0.0 Ask the postmaster"')],
        "211 is right as well (4.1.1.8)",
    ),
    EsmtpLiberal(
        "help-in-lines",
        [
            said(
                "_help",
                'return b"214 2.0.0 " + b" ".join(self._answers())',
                'return CRLF.join((*(b"214-2.0.0 " + one for one in self._answers()), b"214 2.0.0 See RFC 5321"))',
            )
        ],
        "any reply may have many lines (4.2.1)",
    ),
    EsmtpLiberal("help-unlisted", unlisted("HELP"), "what works should be listed (4.1.1.1)", warns="ehlo.complete"),
    EsmtpLiberal(
        "no-help",
        [*unlisted("HELP"), *_served(*(one for one in _VERBS if one != "HELP"))],
        "it should be there (4.1.1.8)",
        warns="help.211",
    ),
    EsmtpLiberal(
        "502-to-vrfy",
        [*unlisted("VRFY"), said("_vrfy", "252 2.0.0", "502 5.5.1")],
        "not full compliance (3.5.3)",
        warns="vrfy.known",
    ),
    EsmtpLiberal("550-to-vrfy", [said("_vrfy", "252 2.0.0", "550 5.7.1")], "policy (7.3)"),
    EsmtpLiberal(
        "vrfy-knows-a-user",
        [
            first(
                "_vrfy",
                f"""
                if {_LOCAL}:
                    return b"250 2.1.5 Other <other@reference.example>"
                return b"550 5.1.1 No such user"
                """,
            )
        ],
        "VRFY tells (3.5.1)",
    ),
    EsmtpLiberal(
        "expn-served-and-listed",
        [
            announced("EXPN"),
            Edit(
                "commands.py",
                'return verb, b"502 5.5.1 Not implemented"',
                'return verb, b"250-2.1.5 <other@reference.example>\\r\\n250 2.1.5 <postmaster@reference.example>"',
            ),
        ],
        "EXPN tells (3.5.2)",
    ),
    EsmtpLiberal(
        "252-to-expn",
        [Edit("commands.py", 'return verb, b"502 5.5.1 Not implemented"', 'return verb, b"252 2.0.0 Not told"')],
        "switched off (7.3)",
    ),
    EsmtpLiberal(
        "550-to-expn",
        [Edit("commands.py", 'return verb, b"502 5.5.1 Not implemented"', 'return verb, b"550 5.7.1 Not told"')],
        "switched off (7.3)",
    ),
    EsmtpLiberal(
        "helo-in-lines",
        [
            said(
                "_helo",
                'return b"250 " + self._site.domain',
                'return b"250-%b\\r\\n250 Pleased to meet you" % self._site.domain',
            ),
            said("_ehlo", "self._helo(found)", "Esmtp._helo(self, found)"),
        ],
        "that HELO is answered in lines warns (3.2)",
        warns="helo.plain",
    ),
]
