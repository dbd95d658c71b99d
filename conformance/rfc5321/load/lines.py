"""What can be said to a server that announced certain extensions, and which replies are right then, by the model.

What is said again and again is read and judged once: a session's states are kept as far as the next reply depends on
them, and of a reply its code is what counts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from conformance.harness.wire.reply import Reply
from conformance.load.profile import Step, Verdict
from conformance.rfc5321 import codes
from conformance.rfc5321.codes import Sense
from conformance.rfc5321.load.letters import SIZED
from conformance.rfc5321.model import GREETED, Phase, State, States, acceptable, plainest
from conformance.rfc5321.search.blame import broken_by
from conformance.rfc5321.search.words import CHUNK, CRLF, END, LAST_CHUNK, LOOSE_END, NUMBERS, SPELLINGS, Book

END_LINE, LOOSE_END_LINE, CHUNK_LINE, LAST_LINE = b".", b". loose", b"BDAT n", b"BDAT n LAST"
"""What stands for the end of data, where it is known that plain messages are taken and where not, and for a chunk."""
STARTTLS, AUTH = b"STARTTLS", b"AUTH PLAIN"
BESIDE = {STARTTLS: "STARTTLS", AUTH: "AUTH"}
"""What the model leaves out, and the verb."""
RULES = {"STARTTLS": "tls.220", "AUTH": "auth.235"}
FIRST = frozenset({b"530", b"523", b"534", b"538"})
"""Codes that ask for TLS or a login before anything else, and change nothing."""
AUTH_PLAIN = "AUTH PLAIN"
"""Stands among the extensions where a login by this mechanism is offered."""
SMALL_ONLY = "small"
"""Stands among the extensions where the size that is announced is below that of the largest messages."""
TAKEN = (Sense.ACCEPTED, Sense.INTERMEDIATE)
MOST_REMEMBERED = 50_000
"""Verdicts that are remembered; a server that answers as one does needs a few hundred."""
_ONE_LINE = re.compile(rb"[2-5]\d\d(?: [\t -~]*)?")
_MANY_LINES = re.compile(rb"([2-5]\d\d)(?:-[\t -~]*\r\n\1)*(?: [\t -~]*)?")
_UNWISE = re.compile(rb"SUCCESS|\[192|\"", re.IGNORECASE)
"""What asks a server for mail of its own, or cannot be found again."""
_SIZE = re.compile(rb" SIZE=\d+", re.IGNORECASE)


class Judged(NamedTuple):
    """A reply's verdict, the states after it, the command's verb, and whether it was taken."""

    verdict: Verdict
    after: States
    verb: str
    taken: bool


def plain(states: States) -> States:
    """States as far as the next reply depends on them: who is sender or recipient does not matter."""
    return frozenset(
        replace(one, sender=None if one.sender is None else "", recipients=one.recipients and ("",)) for one in states
    )


class Lines:
    """What can be said, and what is right then.

    Args:
        book: who the sender and the recipients are, and what was announced.

    Attributes:
        announced: the keywords of EHLO's reply, as far as the load knows them.
        hello, mail, neutral: steps that take a session on, or leave it as it is.
        rcpt: the same for each recipient, by its place.
        wrong: for each phase the deviations.
        in_group: those of them that may stand amid a group.
    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self.announced = book.announced
        self._said = {
            END_LINE: END, LOOSE_END_LINE: LOOSE_END, CHUNK_LINE: CHUNK, LAST_LINE: LAST_CHUNK,
        }  # fmt: skip
        self._judged: dict[tuple[States, bytes, bytes], Judged] = {}
        self._interned: dict[States, States] = {}
        numbers = range(NUMBERS + 1)
        helo, self.mail = ("EHLO", "EHLO", "EHLO", "HELO"), self._steps("MAIL", numbers)
        self.hello = [step for verb in helo for step in self._steps(verb, (0,), SPELLINGS)]
        self.again = self._steps("EHLO", (0, 4))
        self.rcpt: list[list[Step]] = [[] for _ in book.recipients]
        for step in self._steps("RCPT", numbers):
            self.rcpt[int(step.kept)].append(step)
        verbs = ["NOOP", "VRFY", *(verb for verb in ("EXPN", "HELP") if verb in book.announced)]
        self.neutral = [step for verb in verbs for step in self._steps(verb, (0, 1))]
        self.data = self._steps("DATA", (0,), SPELLINGS)
        self.rset = self._steps("RSET", (0,), SPELLINGS)
        self.quit = self._steps("QUIT", (0,), SPELLINGS)
        self.starttls = Step(STARTTLS, STARTTLS + CRLF)
        self.wrong = self._deviations()
        self.in_group = [step for step in self.wrong[Phase.RECIPIENT] if self._said[step.line].verb in ("MAIL", "RCPT")]

    @property
    def large(self) -> bool:
        """Whether the largest messages are taken."""
        return SMALL_ONLY not in self.announced

    def has(self, keyword: str) -> bool:
        """Whether an extension was announced."""
        return keyword in self.announced

    def _steps(self, verb: str, numbers: Sequence[int], spellings: Sequence[str] = ()) -> list[Step]:
        found = {}
        for number in numbers:
            for spelling in spellings or (SPELLINGS[max(0, number % 10 - 7)],):
                line = _SIZE.sub(SIZED, self._book.line(verb, number, spelling))
                if _UNWISE.search(line):
                    continue
                kept = b"%d" % (number % len(self._book.recipients)) if verb == "RCPT" else b""
                found[line] = self._step(line, kept)
        return list(found.values())

    def _step(self, line: bytes, kept: bytes = b"") -> Step:
        said = self._book.read(line)
        self._said[line] = replace(said, path="")
        return Step(line, line + CRLF, None, said.path.encode("latin-1") if said.verb == "MAIL" else kept)

    def _deviations(self) -> dict[Phase, list[Step]]:
        found: dict[Phase, list[Step]] = defaultdict(list)
        right = [*self.mail[::9], *(step for some in self.rcpt for step in some[::9]), *self.data]
        odd = {line: self._step(line)._replace(kept=b"") for line in map(self._book.wrong, range(NUMBERS + 1))}
        for phase in (Phase.START, Phase.READY, Phase.SENDER, Phase.RECIPIENT):
            state = State(
                phase, True, *(("", ("",)) if phase is Phase.RECIPIENT else ("",) if phase is Phase.SENDER else ())
            )
            for step in (*odd.values(), *right):
                if self._is_refused(state, step):
                    found[phase].append(step)
        found[Phase.CHUNKS] = [odd[line] for line in odd if self._said[line].verb == "unknown"] + self.data
        return found

    def _is_refused(self, state: State, step: Step) -> bool:
        said = self._said[step.line]
        if said.verb == "RCPT" and any(address.encode() in step.line for address in self._book.refused):
            return state.phase in (Phase.SENDER, Phase.RECIPIENT)
        return said.wrong or plainest(state, said)[0] not in TAKEN

    def verb(self, step: Step) -> str:
        """The verb of a step."""
        return self._said[step.line].verb

    def owed(self, states: States, step: Step) -> str:
        """The kind of reply that most servers give to a step."""
        if step.line in BESIDE:
            return kind(b"2", BESIDE[step.line])
        said = self._said[step.line]
        if not states:
            return kind(b"2", said.verb)
        sense, _ = plainest(min(states, key=lambda one: one.phase.value), said)
        return kind({Sense.ACCEPTED: b"2", Sense.INTERMEDIATE: b"3"}.get(sense, b"5"), said.verb)

    def judge(self, states: States, step: Step, reply: bytes) -> Judged:
        """Judge a reply.

        Args:
            states: in which the session may be, as `plain` has them.
            step: what it was given to.
            reply: without the last line end.
        """
        if not (_ONE_LINE.fullmatch(reply) or _MANY_LINES.fullmatch(reply)):
            return self._misshapen(states, step, reply)
        if step.line in BESIDE:
            return _beside(states, BESIDE[step.line], reply[:3])
        key = states, step.line, reply[:3]
        judged = self._judged.get(key)
        if judged is None:
            if len(self._judged) > MOST_REMEMBERED:
                self._judged.clear()
            judged = self._judged[key] = self._judge(states, step, reply[:3])
        if judged.verdict.wrong and step.line == END_LINE and codes.by_policy(Reply(reply, 0.0)):
            return self._judge(states, step._replace(line=LOOSE_END_LINE), reply[:3])
        return judged

    def _judge(self, states: States, step: Step, code: bytes) -> Judged:
        said = self._said[step.line]
        sense = codes.sense(Reply(code, 0.0))
        due = acceptable(states, said)
        if code in FIRST:
            due = {sense: states} | due
        if sense not in due:
            wanted = " or ".join(one.value for one in due if one is not Sense.LEAVING)
            rule = "data.354" if said.verb == "DATA" and sense is Sense.ACCEPTED else broken_by(said.verb, sense)
            verdict = Verdict(self.owed(states, step), "", None, rule, "not an acceptable reply", wanted)
            return Judged(verdict._replace(error=code[:1] in b"45"), states, said.verb, False)
        after = plain(due[sense])
        after = self._interned.setdefault(after, after)
        over = sense is Sense.LEAVING or any(state.phase is Phase.GONE for state in after)
        came = LEFT if sense is Sense.LEAVING else kind(code[:1], said.verb)
        taken = sense in TAKEN
        verdict = Verdict(came, came, after, broken_by(said.verb, sense), "", "", not taken, taken, taken, over=over)
        return Judged(verdict, after, said.verb, taken)

    def _misshapen(self, states: States, step: Step, reply: bytes) -> Judged:
        verb = BESIDE.get(step.line) or self._said[step.line].verb
        rule, wrong = fault(reply)
        verdict = Verdict(self.owed(states, step), "", None, rule, wrong, "a code of three digits, and printable text")
        return Judged(verdict, states, verb, False)


def _beside(states: States, verb: str, code: bytes) -> Judged:
    """Judge the reply to what the model leaves out, STARTTLS and AUTH: it is taken, or changes nothing."""
    came, rule = kind(code[:1], verb), RULES[verb]
    if code[:1] == b"2":
        after = GREETED if verb == "STARTTLS" else states
        verdict = Verdict(came, came, after, rule, "", "", False, True, True, secures=verb == "STARTTLS")
        return Judged(verdict, after, verb, True)
    if code[:1] == b"3":
        verdict = Verdict(kind(b"2", verb), "", None, rule, "not an acceptable reply", "a 2yz, or a refusal")
        return Judged(verdict, states, verb, False)
    over = code == b"421"
    verdict = Verdict(LEFT if over else came, came, states, rule, "", "", True, over=over)
    return Judged(verdict, states, verb, False)


LEFT = "421"
"""The kind of a reply that says that the server is leaving."""


def kind(digit: bytes, verb: str) -> str:
    """The kind of a reply, by its first digit and the verb that it is for."""
    return f"{digit.decode()}yz {verb}"


def fault(reply: bytes) -> tuple[str, str]:
    """The requirement that a reply breaks by its shape, and what is wrong; two empty strings if nothing is."""
    if _ONE_LINE.fullmatch(reply) or _MANY_LINES.fullmatch(reply):
        return "", ""
    lines = reply.split(b"\r\n")
    if rule := codes.fault(Reply(reply, 0.0)):
        return rule, "not a reply"
    if any(line[:3] != lines[0][:3] for line in lines):
        return "reply.multiline", "a reply whose lines have several codes"
    if any(line[3:4] not in (b" ", b"-", b"") for line in lines):
        return "reply.form", "a code that is not followed by a space"
    return "reply.ascii", "a reply of other octets than printable ASCII"
