"""A client of the load, whoever it is: it is greeted, its replies are judged, and what it finds wrong is taken down."""

from __future__ import annotations

from collections import deque

from conformance.load.profile import Dialogue, Limits, Rules, Step, Verdict
from conformance.load.run import Run
from conformance.load.tally import GREETING
from conformance.load.wire import LONGEST_LINE, Wire

TIMED_OUT_EARLY = "timed out though the time limit has not passed since a valid command"


Owed = tuple[Step, float, int]
"""A step whose reply is outstanding, when it was sent, by the clock, and the highest number that was known then."""


class Client(Wire):
    """A client that connects, leaves, and comes back.

    That a server was early is judged by the clock, from a time before a send to one after a read; that it is overdue,
    by the time that was watched (`Loop.watched`), after all that has come is read. So neither the network nor a
    client that is late itself is held against the server.

    Args:
        run: what all clients share.
        dialogue: what it says.

    Attributes:
        greeted: whether the server has greeted.
        valid_sent: before when the server's clock cannot have started, by the clock.
        valid_read: after when it cannot have started, in watched time.
        owed: what waits for its reply.
        late: by how many seconds what waits for its reply was sent later than it was due.
    """

    late = 0.0

    def __init__(self, run: Run, dialogue: Dialogue) -> None:
        super().__init__(run)
        self.dialogue = dialogue
        self._goes_on = run.profile.goes_on
        self.greeted = False
        self.valid_sent = self.valid_read = 0.0
        self.owed: deque[Owed] = deque()

    @property
    def rules(self) -> Rules:
        """The profile's."""
        return self.run.profile.rules

    @property
    def limits(self) -> Limits:
        """The profile's."""
        return self.run.profile.limits

    def on_greeting(self) -> None:
        """The server has greeted."""

    def on_reply(self, text: bytes, now: float) -> None:
        """A reply has come, here without its line end."""

    def on_closed(self, reason: str, now: float) -> None:
        """The server has hung up on a client that it had greeted; reasons as in `on_end`."""

    def on_check(self, now: float) -> None:
        """A twentieth of a second has passed."""

    def is_owed(self) -> bool:
        """Whether a greeting or a reply is outstanding."""
        return bool(self.owed) or (self.socket is not None and not self.greeted)

    def connect(self) -> bool:
        """Begin to connect; whether that was possible.

        Raises:
            OSError: the server refuses.
        """
        self.greeted = False
        connecting = super().connect()
        self.valid_sent = self.began
        return connecting

    def forget(self) -> None:
        """Drop what belongs to the connection that has ended."""
        self.note_abandoned()

    def note_abandoned(self) -> None:
        """Expect no reply any more: it may have been lost on the way, and so a number with it."""
        self.run.numbers.unanswered += sum(step.delivers for step, _, _ in self.owed)
        self.owed.clear()

    def blame(self, rule: str, what: str, wanted: str = "", actual: str | bytes = "") -> None:
        """Take down a finding with this connection's log."""
        actual = actual.decode("latin-1") if isinstance(actual, bytes) else actual
        self.run.findings.add(rule, what, wanted, actual, self.log)

    def blame_for_closing(self, rule: str, what: str, wanted: str = "", actual: str = "") -> None:
        """Take down that the server ended the connection, unless it turns out that the server itself has ended."""
        log = list(self.log)
        self.run.suspicion.suspect(lambda: self.run.findings.add(rule, what, wanted, actual, log))

    def judge(self, text: bytes, now: float) -> tuple[Step, Verdict]:
        """Judge a reply to what is owed first, and enter it in the books.

        Args:
            text: the reply, without its line end.
            now: when it came, by the clock.

        Returns:
            What it was owed to, and the verdict.
        """
        step, sent, floor = self.owed.popleft()
        verdict = self.dialogue.judge(step, text)
        wrong = verdict.wrong
        if verdict.delivery:
            wrong = self.run.delivered(verdict.delivery, floor) or wrong
        elif step.delivers:
            self.run.numbers.unanswered += 1  # without its number a message may be there all the same
        self.run.tally.add(verdict.owed, now - sent + self.late, not wrong)
        if wrong:
            # Where the words are wrong a number may be none, so that they are to blame.
            rule, wanted = verdict.rule, verdict.wanted
            if not verdict.wrong:
                rule, wanted = self.rules.numbers, "the next number"
            self.blame(rule, f"{wrong} ({verdict.owed})", wanted, text)
        if verdict.accepted:
            self.valid_read = self.since
        if verdict.restarts:
            self.valid_sent = sent
        if verdict.also:
            self.blame(*verdict.also)
        return step, verdict

    def on_line(self, raw: bytes, now: float) -> None:
        """A line has come: the greeting, or a reply."""
        text = raw[:-2]
        if raw[-2:] != b"\r\n":
            text = raw.removesuffix(b"\n")
            self.blame(self.rules.line_end, "a reply that does not end in CRLF", "CRLF", raw)
        if not self.greeted:
            self._on_greeting_line(text, now)
        elif self._goes_on(text):
            self.blame(self.rules.one_reply, "a reply of several lines", "one line", raw)
            self.drop()
        else:
            self.on_reply(text, now)

    def _on_greeting_line(self, text: bytes, now: float) -> None:
        verdict = self.dialogue.begin(text)
        self.run.tally.add(GREETING, now - self.began, not verdict.wrong, operation=False)
        if verdict.wrong:
            self.blame(verdict.rule, verdict.wrong, verdict.wanted, text)
        self.greeted = True
        self.valid_read = self.since
        self.run.gate.was_greeted(self)
        if verdict.after is None or self._goes_on(text):
            self.drop()
        else:
            self.on_greeting()

    def on_flood(self, begin: bytes) -> None:
        """A line has no end."""
        self.blame(self.rules.one_reply, f"a flood: a reply of more than {LONGEST_LINE} bytes", "one line", begin)

    def on_end(self, reason: str, now: float) -> None:
        """The server has ended the connection."""
        if self.greeted:
            self.on_closed(reason, now)
        elif reason and now - self.began >= self.limits.time:
            # It may have been greeted and timed out since, for a reset takes with it what was not read.
            self.run.was_late("hung up on")
        else:
            what = "the server closed the connection instead of a greeting"
            self.blame_for_closing(self.rules.greeting, what, "a greeting", reason)

    def check(self, now: float) -> None:
        """Look whether something is overdue; all that had come by `now` is read."""
        if self.socket is None:
            return
        if not self.greeted:
            self._check_greeting()
            return
        self.take_unterminated()
        if self.socket is not None:
            self.on_check(now)

    def _check_greeting(self) -> None:
        patience = self.limits.greeting
        if self.loop.watched - self.since <= patience:
            return
        if self.run.foreign:
            self.run.note("a connection was not greeted in time, somebody else being connected")
        elif not self.run.stopping:  # in the end, how many were greeted at once says it
            self.blame(self.rules.served_at_once, f"not greeted within {patience:g} s", "a greeting", "nothing")
        self.drop()
