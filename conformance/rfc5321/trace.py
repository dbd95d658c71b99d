"""What a server says of a message's way: `Received:` by the grammar of RFC 5321 section 4.4, and `Return-Path:`.

Both are read to the end whatever stands there, and say what is wrong. Each question has an answer of one line, empty if
nothing is wrong, that may quote the server: it is to be escaped where it is shown.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from conformance.rfc5321 import dates
from conformance.rfc5321.clauses import LONGEST, ORDER, Clause, Parts, take_apart
from conformance.stores.message import Stored

PROTOCOLS = frozenset(
    {"SMTP"} | {kind + more for kind in ("ESMTP", "LMTP", "UTF8SMTP", "UTF8LMTP") for more in ("", "S", "A", "SA")}
)
"""What a WITH clause of mail that came by SMTP or LMTP can be."""

_ATEXT = r"[\w!#$%&'*+/=?^`{|}~\x80-\U0010ffff-]"
_QUOTED = r'"(?:[^"\\\x00-\x1f\x7f]|\\[ -~]){0,600}"'
_LABEL = r"[\w\x80-\U0010ffff](?:[\w\x80-\U0010ffff-]*[\w\x80-\U0010ffff])?"
_LITERAL = re.compile(r"\[[^\[\]\\\s]+\]")
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_MAILBOX = re.compile(rf"(?P<local>{_ATEXT}+(?:\.{_ATEXT}+)*|{_QUOTED})(?:@(?P<domain>[^@\s<>]+))?")
_ROUTE = re.compile(r"@[^\s@:,]+(?:,@[^\s@:,]+)*:")
_BRACKETED = re.compile(r"\[[^\[\]\s]{1,64}\]")


class Received(Parts):
    """A `Received:` field, taken apart, and what is asked of it."""

    def clause(self, name: str) -> Clause | None:
        """The first clause of this name."""
        return next((clause for clause in self.clauses if clause.name == name), None)

    @property
    def places_problem(self) -> str:
        """Whether there is a FROM clause, and a BY clause after it, each with a domain or an address literal."""
        names = [clause.name for clause in self.clauses]
        for name in ("from", "by"):
            clause = self.clause(name)
            if clause is None:
                return f"it has no {name.upper()} clause"
            if not is_place(clause.value):
                return f"its {name.upper()} clause has no domain and no address literal"
        return "its BY clause stands before FROM" if names.index("by") < names.index("from") else ""

    def client_problem(self, name: str, address: str) -> str:
        """Whether FROM tells both the name that a client said, and its address as a literal, mostly in parentheses.

        Args:
            name: the argument of EHLO or HELO.
            address: the client's IP address, without brackets.
        """
        clause = self.clause("from")
        if clause is None:
            return "it has no FROM clause"
        if clause.value.lower() != name.lower():
            return f"its FROM clause says `{clause.value}`, not `{name}`"
        if not self.has_address(address):
            return f"its FROM clause has not the address literal of {address}"
        return ""

    @property
    def client_addresses(self) -> list[str]:
        """The address literals of FROM: in its parentheses, or the name itself where the client called itself so."""
        clause = self.clause("from")
        told = (clause.value, *clause.comments) if clause else ()
        return [found for text in told for found in _BRACKETED.findall(text)]

    def has_address(self, address: str) -> bool:
        """Whether FROM has the literal of an IP address."""
        return any(_same_address(literal, address) for literal in self.client_addresses)

    @property
    def date(self) -> dates.Date:
        """Its date-time; its `problem` says whether it is one, its `numeric_zone` whether the zone is an offset."""
        if self.date_text is None:
            return dates.Date("no date follows a `;`")
        return dates.look(self.date_text)

    @property
    def grammar_problem(self) -> str:
        """The first thing that the grammar does not allow, the order of the clauses among them."""
        return self.problems[0] if self.problems else self._order_problem

    @property
    def _order_problem(self) -> str:
        before = -1
        for clause in self.clauses:
            place = ORDER.index(clause.name) if clause.name in ORDER else len(ORDER)
            if place < before:
                return f"its clause `{clause.name}` stands after one that it comes before in the grammar"
            if place == before < len(ORDER):
                return f"it has the clause `{clause.name}` twice"
            before = place
        return ""

    def with_problem(self, *, extended: bool, tls: bool = False, auth: bool = False, lmtp: bool = False) -> str:
        """Whether the WITH clause, if there is one, is registered and true.

        Args:
            extended: EHLO or LHLO was the last greeting, not HELO.
            tls: the session was inside TLS.
            auth: the client had logged in.
            lmtp: the session was one of LMTP.
        """
        clause = self.clause("with")
        if clause is None:
            return ""
        said = clause.value.upper()
        if said not in PROTOCOLS:
            return f"`{clause.value}` is no registered protocol"
        more = "S" * tls + "A" * auth
        kind = "LMTP" if lmtp else "ESMTP" if extended or more else "SMTP"
        true = {kind + more, f"UTF8{kind.removeprefix('E')}{more}"} | ({"SMTP"} if not extended and not lmtp else set())
        return "" if said in true else f"it says `{clause.value}`, and {kind + more} was spoken"

    @property
    def paths(self) -> tuple[str, ...]:
        """What all FOR clauses list; one at most is right."""
        return tuple(word for clause in self.clauses if clause.name == "for" for word in clause.words)


def received(value: str) -> Received:
    """Read the value of a `Received:` field, unfolded; it never raises."""
    return Received(*take_apart(value)._replace(text=f"Received: {value[:LONGEST]}"))


def is_place(text: str) -> bool:
    """Whether it is a domain name, of one label or with `_` too, or an address literal."""
    return len(text) <= 1000 and bool(_DOMAIN.fullmatch(text) or _LITERAL.fullmatch(text))


def _same_address(literal: str, address: str) -> bool:
    inner = literal[1:-1]
    inner = inner[5:] if inner[:5].lower() == "ipv6:" else inner
    return _address(inner) == _address(address)


def _address(text: str) -> object:
    """An address as it counts, one of IPv4 in the clothes of IPv6 undressed."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    return getattr(address, "ipv4_mapped", None) or address


@dataclass(frozen=True)
class ReturnPath:
    """The value of `Return-Path:`, or of any path.

    Attributes:
        mailbox: without brackets and route; empty for the null path.
        route: what stood before the mailbox, with its colon.
        problem: what the grammar does not allow, or nothing.
    """

    mailbox: str
    route: str
    problem: str

    @property
    def local(self) -> str:
        """The local part as it was written, with its quotes."""
        return self.mailbox[: -len(self.domain) - 1] if self.domain else self.mailbox

    @property
    def domain(self) -> str:
        """What follows the last `@`."""
        local, _, domain = self.mailbox.rpartition("@")
        return domain if local and not domain.endswith('"') else ""

    def same_as(self, mailbox: str) -> bool:
        """Whether it means a mailbox: quotes that change nothing, and letter case of the domain, do not matter."""
        other = ReturnPath(mailbox, "", "")
        return unquoted(self.local) == unquoted(other.local) and self.domain.lower() == other.domain.lower()


def return_path(value: str) -> ReturnPath:
    """Read the value of a `Return-Path:` field, unfolded, or a path in its brackets; it never raises."""
    text = value[:LONGEST].strip()
    problem = "" if text[:1] == "<" and text[-1:] == ">" else "it does not stand in `<` and `>`"
    inner = text.removeprefix("<").removesuffix(">")
    route = _ROUTE.match(inner)
    mailbox = inner[route.end() :] if route else inner
    if mailbox and not problem:
        match = _MAILBOX.fullmatch(mailbox)
        if match is None:
            problem = "its mailbox has not the form of one, or lacks quotes"
        elif match["domain"] is not None and not is_place(match["domain"]):
            problem = "its domain is no domain and no address literal"
        elif match["domain"] is None and match["local"].lower() != "postmaster":
            problem = "its mailbox has no domain"
    return ReturnPath(mailbox, route[0] if route else "", problem)


def unquoted(local: str) -> str:
    """A local part without the quotes and backslashes that change nothing of what it means."""
    if len(local) < 2 or not (local[0] == local[-1] == '"'):
        return local
    return re.sub(r"\\(.)", r"\1", local[1:-1], flags=re.DOTALL)


def senders(copy: Stored) -> list[str]:
    """The mailboxes of the senders that a delivered message tells, the last hop's first; empty is the null one."""
    told = [return_path(field.value).mailbox for field in copy.all("Return-Path")]
    return told if copy.envelope_from is None else [copy.envelope_from, *told]
