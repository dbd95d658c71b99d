"""Where a client stands: what was announced to it, whose message is in the making, and what of that is to come."""

from __future__ import annotations

from dataclasses import dataclass, field

from conformance.load.profile import Move, Step
from conformance.rfc5321.load.lines import LAST_LINE, Judged, Lines
from conformance.rfc5321.load.register import OTHERS, Became, Register
from conformance.rfc5321.model import GREETED, Phase, States

CLEARS = ("EHLO", "HELO", "RSET")


@dataclass
class Session:
    """One session of a client.

    Attributes:
        lines: what can be said in it.
        register: where it is written down what becomes of a message.
        states: in which it may be.
        sender: the reverse-path.
        recipients: those that were taken, a bit each.
        eight_bit: whether the message may have such octets.
        sized: whether its size was announced.
        chunked: the number of a message of which a chunk was sent, and none was the last; 0 if there is none.
        chunks: what is still to be sent of it.
        ending: the number of a message whose last chunk was sent, so that it may be delivered whatever is heard of it.
        errors: how many replies were refusals.
        messages: how many were taken.
        secured: whether it is within TLS, or was to be.
        private: whether it is within TLS.
        logged_in: whether the client has logged in, or tried to.
        asked: whether the server wants one or the other before all else.
    """

    lines: Lines
    register: Register
    states: States = GREETED
    sender: bytes = b""
    recipients: int = 0
    eight_bit: bool = False
    sized: bool = False
    chunked: int = 0
    chunks: list[Step] = field(default_factory=list)
    ending: int = 0
    errors: int = 0
    messages: int = 0
    secured: bool = False
    private: bool = False
    logged_in: bool = False
    asked: bool = False

    @property
    def phase(self) -> Phase | None:
        """How far it has come; None where nobody can say."""
        if len(self.states) == 1:
            (state,) = self.states
            return state.phase
        phases = {state.phase for state in self.states}
        return phases.pop() if len(phases) == 1 else None

    def says(self, move: Move) -> None:
        """Take in what is about to be sent."""
        for step in move.steps:
            if step.line is LAST_LINE:
                self.ending = int(step.kept.split()[0])

    def follow(self, step: Step, judged: Judged) -> tuple[int, int]:
        """Take in a reply that was acceptable.

        Returns:
            The number and the fingerprint of the message that it acknowledges; two zeros if it acknowledges none.
        """
        verb, taken = judged.verb, judged.taken
        self.states = judged.after
        if step.delivers:
            return self._ended(step, taken)
        if not taken:
            self.errors += 1
            if verb == "BDAT":
                self.give_up()
                self.chunks.clear()
        elif verb == "BDAT":
            self.chunked = int(step.kept)
        elif verb == "RCPT":
            self.recipients |= 1 << int(step.kept) if step.kept else OTHERS
        elif verb == "MAIL":
            self.give_up()
            self.sender, self.recipients = step.kept, 0
            self.eight_bit = b"BODY=8BITMIME" in step.line
            self.sized = b"SIZE=" in step.line
        elif verb in CLEARS:
            self.give_up()
            self.recipients = 0
        return 0, 0

    def _ended(self, step: Step, taken: bool) -> tuple[int, int]:
        number, fingerprint = map(int, step.kept.split())
        became = Became.TAKEN if taken else Became.REFUSED
        self.register.keep(number, became, self.recipients, fingerprint)
        self.recipients = self.chunked = 0
        self.messages += taken
        self.errors += not taken
        return (number, fingerprint) if taken else (0, 0)

    def give_up(self) -> None:
        """Write down that a message whose last chunk was not sent must not arrive."""
        if self.chunked:
            if self.chunked != self.ending:
                self.register.keep(self.chunked, Became.GIVEN_UP)
            self.chunked = 0
            self.chunks.clear()
