"""The model: in this state, for this line, these replies are acceptable, and why. No I/O.

A session is in one of four states, by the last command that was accepted; a message leads back to the second. `ORDER`
says what each command comes to in each of them. A command line is read into a command and its faults; every fault, of
order or of the line itself, is an answer that a server may give, and a line without any is accepted. So where two
sensible servers may differ there are several answers: more than one thing is wrong, and any of the fitting codes will
do. An answer that only a SHOULD speaks against carries the id of that SHOULD as its `breach`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from conformance.cs4410.dialect import ERROR, Dialect, Fields, Fit

VERBS = ("HELO", "MAIL", "RCPT", "DATA")
RFC_VERBS = ("EHLO", "QUIT", "NOOP", "RSET", "HELP", "VRFY", "EXPN")
LONGEST_LINE = 900
"""Bytes of a command line, its CRLF not counted, that every server has to serve."""

ORDER = {
    "connected": {"HELO": "helo", "MAIL": "need", "RCPT": "need", "DATA": "need"},
    "greeted": {"HELO": "duplicate", "MAIL": "mail", "RCPT": "need", "DATA": "need"},
    "sender": {"HELO": "duplicate", "MAIL": "nested", "RCPT": "rcpt", "DATA": "need"},
    "recipient": {"HELO": "duplicate", "MAIL": "nested", "RCPT": "rcpt", "DATA": "data"},
}
"""The kind of reply that a command without a fault of its own gets in each state."""
REFUSALS = ("need", "duplicate", "nested")
"""The kinds of these that are faults of order."""

SAID = {
    "helo": "is accepted, with the name of the server",
    "mail": "is accepted",
    "rcpt": "is accepted",
    "data": "asks for the message",
    "syntax": "is refused with its proper syntax",
    "unknown": "is no command",
    "duplicate": "is a second HELO",
    "nested": "is a second MAIL FROM",
    "need": "is refused, naming what has to come first",
    "bad_sender": "is refused for its address",
    "bad_recipient": "is refused for its address",
    ERROR: "is an error",
}
"""What a line is, or what comes of it, by the kind of its reply."""
AFTER = {"connected": "Before HELO", "greeted": "After HELO", "sender": "After MAIL FROM", "recipient": "After RCPT TO"}
"""The states, for people."""

RULES = {
    "greeting": "greeting",
    "helo": "helo",
    "mail": "mail",
    "rcpt": "rcpt",
    "data": "data",
    "delivered": "delivered",
    "syntax": "syntax",
    "unknown": "unknown",
    "duplicate": "helo.duplicate",
    "nested": "mail.nested",
    "bad_sender": "sender.refused",
    "bad_recipient": "recipient.refused",
    "timeout": "time.reply",
    ERROR: "line.empty",
}
"""The requirement that judges the words of each kind of reply; for `need` it is the command's own (`order.mail`)."""

WORD_RULES = {
    "mail": "mail.words",
    "rcpt": "rcpt.words",
    "delivered": "delivered.words",
    "syntax": "syntax.verb",
    "need": "order.words",
}
"""The SHOULD that judges how closely the words of a kind of reply follow the handout."""


@dataclass(frozen=True)
class State:
    """What a server knows of a session between two commands."""

    host: str | None = None
    sender: str | None = None
    recipients: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Which of the states of `ORDER` it is."""
        return list(ORDER)[
            sum(bool(given) for given in (self.host is not None, self.sender is not None, self.recipients))
        ]

    def missing(self, verb: str) -> tuple[str, ...]:
        """The commands that have to come before this one and have not."""
        needed = {"MAIL": 1, "RCPT": 2, "DATA": 3}.get(verb, 0)
        given = (self.host, self.sender, self.recipients or None)
        return tuple(name for name, value in list(zip(VERBS, given, strict=False))[:needed] if value is None)

    def delivered(self) -> State:
        """The state after a message: only the HELO carries over."""
        return State(self.host)


@dataclass(frozen=True)
class Answer:
    """One acceptable answer: a kind of reply, the state after it, and the SHOULD that it breaks, if any."""

    kind: str
    after: State | None
    fields: Fields = field(default_factory=dict)
    exact: bool = True
    breach: str | None = None
    rule: str = ""

    def __post_init__(self) -> None:
        if not self.rule:
            object.__setattr__(self, "rule", RULES[self.kind])


@dataclass(frozen=True)
class Command:
    """A command line as a careful reader of the handout takes it apart.

    `verb` is one of the four, one of the RFC's others, or empty for an unknown command. `refusable` holds what a
    server may stumble over: the id of the SHOULD that speaks against refusing it, or None where either is right.
    """

    verb: str
    argument: str = ""
    faults: tuple[str, ...] = ()
    refusable: tuple[str | None, ...] = ()
    acceptable_though: str | None = None


def parse(text: str) -> Command:
    """Read one command line, without its line end, as latin-1 text."""
    stripped = text.strip(" \t")
    tabs = ("space.tabs",) if "\t" in text else ()
    words = re.split(r"[ \t]+", stripped)
    verb = words[0].upper()
    if verb in RFC_VERBS:
        return Command(verb)
    if verb == "HELO":
        return _helo(words[1:], tabs)
    if verb == "DATA":
        return Command("DATA", faults=("syntax",) if len(words) > 1 else (), refusable=tabs)
    path = re.fullmatch(r"(MAIL[ \t]+FROM|RCPT[ \t]+TO)([ \t]*):(.*)", stripped, re.IGNORECASE | re.DOTALL)
    if path:
        return _path(path[1][:4].upper(), path[2], path[3], tabs)
    for known in VERBS:
        if stripped.upper().startswith(known):
            return Command(known, faults=("boundary",), refusable=tabs)
    return Command("")


def _helo(arguments: list[str], tabs: tuple[str, ...]) -> Command:
    if len(arguments) != 1:
        return Command("HELO", faults=("syntax",), refusable=tabs)
    host = arguments[0]
    refusable: tuple[str | None, ...] = tabs
    if not re.fullmatch(r"[A-Za-z0-9.-]+", host):
        refusable += ("helo.printable",) if _printable(host) else (None,)
    return Command("HELO", host, refusable=refusable)


def _path(verb: str, before_colon: str, after_colon: str, tabs: tuple[str, ...]) -> Command:
    address = after_colon.strip(" \t")
    refusable: tuple[str | None, ...] = tabs
    if before_colon:
        refusable += (None,)
    if after_colon[:1] not in (" ", "\t"):
        refusable += ("space.after-colon",)
    if not address:
        # `MAIL FROM:` says nothing of white space after the colon.
        return Command(
            verb, faults=("syntax",), refusable=tuple(one for one in refusable if one != "space.after-colon")
        )
    bad = "bad_sender" if verb == "MAIL" else "bad_recipient"
    if " " in address:
        return Command(verb, address, faults=(bad,), refusable=refusable)
    if "\t" in address:
        return Command(verb, address, faults=(bad,), refusable=refusable, acceptable_though="space.tabs")
    if not _printable(address):
        return Command(
            verb, address, faults=(bad, "syntax"), refusable=refusable, acceptable_though="address.unprintable"
        )
    return Command(verb, address, refusable=refusable)


def _printable(token: str) -> bool:
    return all("!" <= character <= "~" for character in token)


def acceptable(state: State, line: bytes) -> tuple[Answer, ...]:
    """The answers that a server may give to a command line.

    Args:
        state: the session before the line.
        line: the line without its CRLF.

    Returns:
        The answers, the plainest first. `after` is None where nobody can say how the session stands then.
    """
    text = line.decode("latin-1")
    if not text.strip(" \t"):
        return (Answer(ERROR, state, exact=False),)
    command = parse(text)
    if command.verb in RFC_VERBS:
        return (Answer("unknown", state),)
    answers = _answers(state, command) if command.verb else [Answer("unknown", state)]
    answers += [Answer(ERROR, state, exact=False, breach=breach, rule=answers[0].rule) for breach in command.refusable]
    if len(line) > LONGEST_LINE:
        answers.append(Answer(ERROR, None, exact=False, rule="line.too-long"))
    return tuple(answers)


def _answers(state: State, command: Command) -> list[Answer]:
    kind = ORDER[state.name][command.verb]
    faults = [*((kind,) if kind in REFUSALS else ()), *command.faults]
    if not faults:
        return [_accepted(state, command, kind)]
    kinds = [kind for fault in faults for kind in (("syntax", "unknown") if fault == "boundary" else (fault,))]
    if "nested" in faults and len(faults) > 1:
        kinds = list(dict.fromkeys([*kinds, "syntax", "bad_sender"]))
    exact = len(kinds) == 1
    rule = {"need": f"order.{command.verb.lower()}", "boundary": "syntax.boundary"}.get(faults[0], "")
    answers = [_refused(state, command, kind, exact, rule or RULES[faults[0]]) for kind in kinds]
    if command.acceptable_though and kind not in REFUSALS:
        answers.append(replace(_accepted(state, command, kind), breach=command.acceptable_though))
    return answers


def _accepted(state: State, command: Command, kind: str) -> Answer:
    after = {
        "helo": State(command.argument),
        "mail": replace(state, sender=command.argument),
        "rcpt": replace(state, recipients=(*state.recipients, command.argument)),
        "data": state,
    }
    return Answer(kind, after[kind])


def sentence(state: State, line: str) -> str:
    """What must come of a line, in a sentence.

    Args:
        state: the session before the line.
        line: the line, or a template of it.
    """
    answers = (one for one in acceptable(state, line.encode("latin-1")) if one.breach is None)
    comes = dict.fromkeys(SAID[one.kind] for one in answers)
    return f"{AFTER[state.name]}, `{line}` {', or '.join(comes)}."


def _refused(state: State, command: Command, kind: str, exact: bool, rule: str) -> Answer:
    fields: dict[str, tuple[str, ...]] = {}
    if kind == "need":
        spellings = {"MAIL": ("MAIL", "MAIL FROM"), "RCPT": ("RCPT", "RCPT TO")}
        fields["need"] = tuple(name for verb in state.missing(command.verb) for name in spellings.get(verb, (verb,)))
    elif kind == "syntax":
        fields["verb"] = (command.verb,)
    elif kind in ("bad_sender", "bad_recipient"):
        fields["address"] = _as_shown(command.argument)
    return Answer(kind, state, fields, exact, rule=rule)


def _as_shown(address: str) -> tuple[str, ...]:
    bare = address[1:-1] if address.startswith("<") and address.endswith(">") else address
    spellings = [address, bare, bare.strip(" \t")]
    return tuple(dict.fromkeys(spellings + [re.sub(r"[ \t]+", " ", one) for one in spellings]))


def judge(dialect: Dialect, text: str, answers: tuple[Answer, ...]) -> tuple[Answer | None, Fit]:
    """Find the acceptable answer that a reply fits best.

    Args:
        dialect: the words.
        text: the reply without its line end.
        answers: what `acceptable` allows.

    Returns:
        The answer and how well it fits, `Fit.CODE` being enough where the answer is not exact; None and
        `Fit.NO` where the reply is none of them. An answer that breaks no SHOULD is preferred.
    """
    best: tuple[Answer | None, Fit] = (None, Fit.NO)
    for answer in answers:
        fit = dialect.fit(text, answer.kind, answer.fields)
        if fit and not answer.exact:
            fit = Fit.SHOULD
        if fit and (best[0] is None or (answer.breach is None, fit) > (best[0].breach is None, best[1])):
            best = (answer, fit)
    return best
