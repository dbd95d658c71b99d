"""What a command line says, and whether it is written so that every server has to take it. No I/O."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass

from conformance.rfc5321 import grammar

NEUTRAL = ("NOOP", "VRFY", "EXPN", "HELP")
VERBS = ("EHLO", "HELO", "MAIL", "RCPT", "DATA", "RSET", "QUIT", *NEUTRAL)
_PATH = re.compile(r"(FROM|TO):<(@[A-Za-z0-9.,@-]+:)?([^<>]*)>((?: [^ ]+)*)", re.IGNORECASE)
_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9+_=-]{1,64}(?:\.[A-Za-z0-9+_=-]+)*")
_XTEXT = r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})"
_BDAT = re.compile(r"[0-9]{1,9}( LAST)?", re.IGNORECASE)
_NOTIFY = r"(?:SUCCESS|FAILURE|DELAY)"
PARAMETERS = {
    "MAIL": {
        "SIZE": ("SIZE", r"[0-9]{1,4}", "size.mail"),
        "BODY": ("8BITMIME", r"7BIT|8BITMIME", "8bit.body"),
        "SMTPUTF8": ("SMTPUTF8", r"", "utf8.param"),
        "RET": ("DSN", r"FULL|HDRS", "dsn.mail"),
        "ENVID": ("DSN", rf"{_XTEXT}{{1,100}}", "dsn.mail"),
        "AUTH": ("AUTH", r"<>", "auth.mail-param"),
    },
    "RCPT": {
        "NOTIFY": ("DSN", rf"NEVER|{_NOTIFY}(?:,{_NOTIFY}){{0,2}}", "dsn.rcpt"),
        "ORCPT": ("DSN", rf"[A-Z0-9-]+;{_XTEXT}{{1,256}}", "dsn.rcpt"),
    },
}
"""For each parameter: the keyword that announces it, the values that have to be taken, and the requirement."""


@dataclass(frozen=True)
class Said:
    """What a command line says.

    Attributes:
        verb: in capital letters; `BDAT LAST`, `end of data` and `unknown` are others.
        path: of MAIL and RCPT, without brackets and route.
        loose: it is written in a way that not every server has to take.
        wrong: most servers refuse it for how it is written.
        parameters: the requirements of those that it has.
        odd: the requirements of what else is special in how it is written.
    """

    verb: str
    path: str = ""
    loose: bool = False
    wrong: bool = False
    parameters: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()

    def is_right(self, extended: bool) -> bool:
        """Whether every server has to take it, where there is nothing against it but how it is written.

        Args:
            extended: whether EHLO was accepted, for what is announced counts only then.
        """
        return not self.loose and (extended or not (self.parameters or self.verb.startswith("BDAT")))


def read(line: bytes, announced: Container[str] = (), words_after_noop: bool = True) -> Said:
    """Read a command line.

    Args:
        line: without its CRLF.
        announced: the keywords of EHLO's reply, in capital letters.
        words_after_noop: whether this server was seen to take them.
    """
    text = line.decode("latin-1")
    word, _, rest = text.partition(" ")
    verb = word.upper()
    odd = ("cmd.case",) * (word != verb)
    if not text.isascii() or not text.isprintable():
        return Said(verb if verb in VERBS else "unknown", loose=True, wrong=True)
    if verb in ("EHLO", "HELO", "LHLO"):
        return Said("HELO" if verb == "HELO" else "EHLO", "", not grammar.is_host(rest), not rest, (), odd)
    if verb in ("MAIL", "RCPT"):
        return _with_path(verb, rest, announced, odd)
    if verb == "BDAT":
        found = _BDAT.fullmatch(rest)
        last = " LAST" if found and found[1] else ""
        return Said(f"BDAT{last}", "", "CHUNKING" not in announced or not found, not found, (), odd)
    if verb not in VERBS:
        return Said("unknown", loose=True, wrong=True)
    if verb in NEUTRAL:
        odd += ("line.512",) * (len(line) > 250)
        return Said(verb, "", bool(rest) and not words_after_noop, verb == "VRFY" and not rest, (), odd)
    return Said(verb, "", bool(rest), bool(rest), (), odd)


def _with_path(verb: str, rest: str, announced: Container[str], odd: tuple[str, ...]) -> Said:
    found = _PATH.fullmatch(rest)
    if not found or found[1].upper() != {"MAIL": "FROM", "RCPT": "TO"}[verb]:
        return Said(verb, rest.partition(":")[2].strip("<> "), loose=True, wrong=True)
    _, route, path, after = found.groups()
    local, _, domain = path.rpartition("@")
    wrong = bool(path) and path.upper() != "POSTMASTER" and not grammar.is_mailbox(path)
    plain = bool(_PLAIN_LOCAL.fullmatch(local)) and len(local) <= 64 and grammar.is_domain(domain) and "." in domain
    loose = not plain and not (verb == "MAIL" and not path)
    if not path:
        odd += (f"{verb.lower()}.null",)
        wrong |= verb == "RCPT"
    if route:
        odd += (f"{verb.lower()}.route",)
    parameters: list[str] = []
    given: list[str] = []
    for parameter in after.split():
        keyword, _, value = parameter.partition("=")
        name = keyword.upper()
        known, values, requirement = PARAMETERS[verb].get(name, ("", "", "mail.param-unknown"))
        legal = bool(re.fullmatch(values, value, re.IGNORECASE)) and name not in given
        loose |= known not in announced or not legal
        wrong |= not known or not legal
        given.append(name)
        parameters.append(requirement)
        odd += ("mail.param-case",) * (keyword != name)
    if len(given) > 1:
        parameters.append("mail.param-all" if verb == "MAIL" else "dsn.rcpt")
    if found[1] != found[1].upper():
        odd += ("cmd.case",)
    return Said(verb, path, loose, wrong, tuple(dict.fromkeys(parameters)), tuple(dict.fromkeys(odd)))
