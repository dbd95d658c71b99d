"""One client's side of its conversations with a server of the assignment: what it says, and what it is told."""

from __future__ import annotations

from conformance.cs4410.load.envelope import Envelope
from conformance.cs4410.load.script import Script
from conformance.cs4410.load.verdicts import Judge
from conformance.cs4410.load.words import CONNECTED
from conformance.load.profile import Breach, Delivery, Move, Step, Verdict

LONGEST_NETID = 100
MOST_NETIDS = 8


class Dialogue:
    """What `conformance.load.profile.Dialogue` asks for.

    Args:
        script: what is said.
        judge: what is right.
        netids: where the server's names for itself are written down, a few at the most.

    Attributes:
        state: the session's shape, which is its stage as well.
    """

    def __init__(self, script: Script, judge: Judge, netids: set[bytes]) -> None:
        self._script = script
        self._judge = judge
        self._netids = netids
        self._netid = b""
        self._envelope = Envelope()
        self.state = CONNECTED

    @property
    def stage(self) -> int:
        """How near the session is to a delivery."""
        return self.state

    def begin(self, greeting: bytes) -> Verdict:
        """Begin a session with its greeting, which tells the server's name for itself."""
        words = greeting.split(b" ")
        self._netid = words[1][:LONGEST_NETID] if len(words) > 1 else b""
        if len(self._netids) < MOST_NETIDS:
            self._netids.add(self._netid)
        self._envelope = Envelope()
        self.state = CONNECTED
        return self._judge.word("greeting", greeting)

    def next(self) -> Move:
        """Draw the next move."""
        return self._script.next(self.state)

    def right(self) -> Step:
        """Draw a step that takes the session on."""
        return self._script.right(self.state)

    def wrong(self) -> Step:
        """Draw a deviation."""
        return self._script.wrong(self.state)

    def part(self) -> bytes:
        """The beginning of a body that will never be ended."""
        return self._script.part_of_body()

    def owed(self, step: Step) -> str:
        """The kind of reply that a step is owed first of all."""
        return self._judge.owed(self.state, step.line)

    def judge(self, step: Step, reply: bytes) -> Verdict:
        """Judge the reply to a step; the session goes on with it."""
        if step.delivers:
            verdict, number = self._judge.delivered(reply)
            if number >= 0:
                verdict = verdict._replace(delivery=Delivery(number, self._envelope.fingerprint(step.kept)))
        else:
            verdict = self._judge.command(self.state, step.line, reply)
        if not isinstance(verdict.after, int):
            return verdict
        self.state = verdict.after
        if not verdict.error:
            self._envelope.follow(verdict.kind, step.kept)
            if verdict.kind == "helo":
                verdict = self._with_netid(verdict, "helo", reply.split(b" ")[-1])
        return verdict

    def timed_out(self, reply: bytes) -> Verdict:
        """Judge the words of a time-out."""
        verdict = self._judge.word("timeout", reply)
        if verdict.wrong:
            return verdict
        return self._with_netid(verdict, "time-out", reply.split(b" ")[2] if reply.count(b" ") > 1 else b"")

    def _with_netid(self, verdict: Verdict, kind: str, said: bytes) -> Verdict:
        """Judge that the server calls itself what its greeting said."""
        if said == self._netid:
            return verdict
        what = f"the {kind} reply names another netid"
        return verdict._replace(also=Breach("netid", what, f"{self._netid!r} as in the greeting", said))
