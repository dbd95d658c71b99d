"""What the cases of one process have learned of a server, so that a sick one does not cost a wait for every case."""

from __future__ import annotations

import threading
from collections import Counter

from conformance.harness.rules import Rules

STRIKES = 3
"""How often in a row a set-up step fails in the same way before it is not tried again."""
SHORTER_WAITS = ((2, 2.5), (6, 1.0))
"""After so many replies that were waited for in vain, the others are waited for no longer than so many seconds."""
TIMES_FREED_LATE = 2
"""How often places are freed late before no case is run any more that needs many of them."""
NO_NEWS = ((2, 0.5), (6, 0.2))
"""After so many in a row to commands of one kind, such a command is given no more than so many seconds."""


class Patience:
    """Counts what was waited for in vain.

    Args:
        time_limit: the server's time limit in seconds.
        rules: the requirements that judge whether there are replies at all.

    Attributes:
        answers: whether any command was ever answered.
        always_late: whether no reply was ever in time.
        slow_to_free: places of clients that have left serve others only later.
        never_frees: they never do.
        known: what else a profile has learned, by names of its own, so that it is found once.
        learning: held while that is learned.
    """

    answers = True
    always_late = False
    slow_to_free = False
    never_frees = False

    def __init__(self, time_limit: float, rules: Rules) -> None:
        self.rules = rules
        self.known: dict[str, str] = {}
        self.learning = threading.RLock()
        self._full = max(5.0, time_limit)
        self._lock = threading.Lock()
        self._strikes: Counter[tuple[str, bool]] = Counter()
        self._silences = 0
        self._in_a_row: Counter[str] = Counter()
        self._slowest = 0.0
        self._freed_late = 0

    def patience(self, rule: str = "") -> float:
        """Seconds to wait for a reply: max(5 s, the limit), less once a server has been silent often.

        Args:
            rule: the requirement that judges the reply, by which commands are of one kind.
        """
        with self._lock:
            waits = [seconds for silences, seconds in SHORTER_WAITS if self._silences >= silences]
            if rule:
                waits += [seconds for times, seconds in NO_NEWS if self._in_a_row[rule] >= times]
            return min(self._full, max(waits[-1], 3 * self._slowest)) if waits else self._full

    @property
    def slowest(self) -> float:
        """Seconds that the slowest reply took."""
        return self._slowest

    def replied(self, seconds: float, rule: str = "") -> None:
        """A reply to a command of some kind came after so many seconds."""
        with self._lock:
            self._in_a_row[rule] = 0
            self.answers = True
            self._slowest = max(self._slowest, seconds)

    def too_late(self, late: bool, judged: bool) -> bool:
        """A reply was late or not; whether the server is given up, for none has been in time since the first look.

        Late replies alone may be the machine's fault. `judged` as in `step`.
        """
        self.always_late = self.always_late and late
        if self.always_late:
            self.record_setup(self.rules.prompt, False, judged)
        return self.always_late and self.given_up(self.rules.prompt, judged)

    def silent(self, rule: str = "") -> None:
        """A reply to a command of some kind did not come."""
        with self._lock:
            self._silences += 1
            self._in_a_row[rule] += 1

    def freed_late(self) -> None:
        """A client of a server that had served many waited for its greeting; once that may be the machine's fault."""
        with self._lock:
            self._freed_late += 1
            self.slow_to_free = self.slow_to_free or self._freed_late == TIMES_FREED_LATE

    def record_setup(self, rule: str, worked: bool, judged: bool = False) -> None:
        """A set-up step that a requirement judges worked or did not; `judged` in a case that is about it."""
        with self._lock:
            for key in {(rule, False), (rule, judged)}:
                self._strikes[key] = 0 if worked else self._strikes[key] + 1

    def doubt(self, rule: str) -> None:
        """A set-up step failed at the first look: one more failure and it is not tried again."""
        with self._lock:
            self.answers = self.answers and rule != self.rules.answer
            self.always_late = self.always_late or rule == self.rules.prompt
            self._strikes[rule, False] = STRIKES - 1

    def given_up(self, rule: str, judged: bool = False) -> bool:
        """Whether a set-up step has failed so often in a row that no case tries it again.

        Args:
            rule: the requirement.
            judged: asked by a case that is about it; such cases have tries of their own.
        """
        with self._lock:
            return self._strikes[rule, judged] >= STRIKES
