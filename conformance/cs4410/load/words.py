"""What load clients say, drawn once before the run: lines by the reply that they are owed, and bodies."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import NamedTuple

from conformance.cs4410.lines import AWKWARD_ADDRESSES, AWKWARD_HOSTS, LINES
from conformance.cs4410.model import Answer, State, acceptable, parse
from conformance.harness.vocabulary import Vocabulary
from conformance.load.profile import Step

CRLF = b"\r\n"
FORWARD = ("helo", "mail", "rcpt", "data")
"""The replies that take a session on; each is owed in the shape of its place."""
SHAPES = (State(), State("host"), State("host", "sender"), State("host", "sender", ("recipient",)))
"""A session's states as far as the next reply depends on them."""
CONNECTED, GREETED, SENDER, RECIPIENT, BODY = range(5)
"""The shapes by their place in `SHAPES`; `BODY` comes after a 354."""
HOSTS, ADDRESSES, FILLINGS, BODIES = 100, 300, 8, 60


class Body(NamedTuple):
    """A body as sent, without the closing dot, and in its canonical form."""

    data: bytes
    canonical: bytes


def shape_of(state: State) -> int:
    """The place in `SHAPES` of a state."""
    return sum(value is not None for value in (state.host, state.sender, state.recipients or None))


def after_of(answer: Answer) -> int | None:
    """The shape after an answer, or None where nobody can say."""
    if answer.kind == "data":
        return BODY
    return None if answer.after is None else shape_of(answer.after)


def canonical(body: bytes) -> bytes:
    """A body without what a server is free to change: the kind of its line ends, the last ones, and leading dots."""
    return re.sub(rb"(?m)^\.+", b"", body.replace(CRLF, b"\n")).rstrip(b"\n")


class Words:
    """The lines and bodies that all clients of a run draw from.

    Args:
        seed: the run's.

    Attributes:
        right: for each shape, the lines that are accepted there, by the kind of reply they are owed.
        wrong: for each shape, the deviations, by the kind of error they are owed.
        bodies: bodies of all sorts but the `large` ones of 64 KiB and more.
    """

    def __init__(self, seed: int) -> None:
        self._vocabulary = Vocabulary(seed, "load")
        self.right: list[dict[str, list[Step]]] = []
        self.wrong: list[dict[str, list[Step]]] = []
        lines = [line.encode("latin-1") for line in dict.fromkeys(self._lines())]
        for state in SHAPES:
            steps = defaultdict(list)
            for line in lines:
                answers = acceptable(state, line)
                afters = {after_of(answer) for answer in answers}
                argument = parse(line.decode("latin-1")).argument.encode("latin-1")
                after = afters.pop() if len(afters) == 1 else None
                steps[answers[0].kind].append(Step(line, line + CRLF, after, argument))
            self.right.append({kind: some for kind, some in steps.items() if kind in FORWARD})
            self.wrong.append({kind: some for kind, some in steps.items() if kind not in FORWARD})
        octets = self._vocabulary.octets
        self.bodies = [Body(data, canonical(data)) for data in self._bodies()]
        self.large = [Body(data, canonical(data)) for data in (octets(65_536), octets(130_000))]

    def _lines(self) -> list[str]:
        words = self._vocabulary
        lines = [words.fill(template) for template in LINES.values() for _ in range(FILLINGS)]
        lines += ["", "  "]
        for host in [words.host() for _ in range(HOSTS)] + list(AWKWARD_HOSTS.values()):
            lines.append(self._spelled("HELO", " ", host))
        for address in [words.address() for _ in range(ADDRESSES)] + list(AWKWARD_ADDRESSES.values()):
            lines.append(self._spelled("MAIL FROM", ": ", address))
            lines.append(self._spelled("RCPT TO", ": ", address))
        return lines + [self._spelled("DATA", "", "") for _ in range(40)]

    def _spelled(self, verb: str, separator: str, argument: str) -> str:
        """A command as the handout shows it, or in another spelling that means the same."""
        chance = self._vocabulary.random.random()
        if chance < 0.6:
            return verb + separator + argument
        if chance < 0.75:
            return self._vocabulary.mixed_case(verb) + separator + argument
        if chance < 0.85:
            return "  " + (verb + separator).replace(" ", "   ") + argument
        if chance < 0.96:
            return verb + separator + argument + "   "
        return (verb + separator).replace(" ", "\t") + argument

    def _bodies(self) -> list[bytes]:
        words = self._vocabulary
        return [
            *(words.body(words.random.choice((1, 1, 2, 3, 5, 8))) for _ in range(BODIES)),
            words.body(60),
            words.octets(8192),
            words.octets(4000, line=2000),
            b"ends in a dot.\r\n..\r\n.x\r\n...\r\n. \r\n",
            b"HELO body\r\nMAIL FROM: body\r\nRCPT TO: body\r\nDATA\r\n",
            bytes(byte for byte in range(256) if byte not in b"\r\n.") + CRLF,
            CRLF * 3 + b"after three empty lines" + CRLF,
        ]
