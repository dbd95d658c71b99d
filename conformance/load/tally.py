"""Counts and times by kind of operation, and by the second: as small after a week as after a minute."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

PER_OCTAVE = 16
"""Steps of a histogram in which a time doubles: a quantile is told within 5 %."""
OCTAVES = 34
STEPS = PER_OCTAVE * OCTAVES
GREETING = "greeting"
"""The kind of what comes on connect; it is no operation."""
MOST_MOMENTS = 1800
"""Points of the time series that are kept; beyond it each two become one."""


class Histogram:
    """Times from a microsecond to hours, in steps of 5 %.

    Step `n` holds what is from 2 ** (n / `PER_OCTAVE`) microseconds to where the next one begins. The steps are the
    same for everybody, so that histograms of several clients, runs or machines are merged by adding up.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all."""
        self._steps = [0] * STEPS
        self.count = 0
        self.longest = 0.0

    def add(self, seconds: float) -> None:
        """Take in one time."""
        self.count += 1
        if seconds > self.longest:
            self.longest = seconds
        step = int(PER_OCTAVE * math.log2(seconds * 1e6)) if seconds > 1e-6 else 0
        self._steps[step if step < STEPS else STEPS - 1] += 1

    @property
    def counts(self) -> dict[int, int]:
        """How many times fell into which step, without the empty ones: plain data, for another program or machine."""
        return {step: count for step, count in enumerate(self._steps) if count}

    def merge(self, counts: Mapping[int, int], longest: float) -> None:
        """Take in all times of another histogram.

        Args:
            counts: its `counts`.
            longest: its longest time, in seconds.

        Raises:
            ValueError: it has a step that there is not, or a count below 0; nothing is taken in.
        """
        if any(not 0 <= step < STEPS or count < 0 for step, count in counts.items()):
            raise ValueError(f"the steps of a histogram are 0 to {STEPS - 1}, and their counts no less than 0")
        for step, count in counts.items():
            self._steps[step] += count
            self.count += count
        self.longest = max(self.longest, longest)

    def quantile(self, share: float) -> float:
        """The time in seconds that so large a share does not exceed; 0 if there is none."""
        left = share * self.count
        for step, count in enumerate(self._steps):
            left -= count
            if count and left <= 0:
                return min(self.longest, 2 ** ((step + 1) / PER_OCTAVE) * 1e-6)
        return self.longest


class Row:
    """One kind of operation."""

    def __init__(self) -> None:
        self.right = 0
        self.wrong = 0
        self.times = Histogram()


class Moment(NamedTuple):
    """One point of the time series; times in seconds, and how many operations went wrong since the last one."""

    at: float
    operations_per_second: float
    median: float
    p99: float
    wrong: int


class Tally:
    """All operations of a run.

    Attributes:
        operations: lines and bodies sent whose replies were judged, or that got none.
        rows: by kind.
        moments: the time series.
    """

    def __init__(self) -> None:
        self.operations = 0
        self.rows: dict[str, Row] = {}
        self.moments: list[Moment] = []
        self._wrong = 0
        self._interval = 1.0
        self._began = 0.0
        self._before = 0
        self._times = Histogram()

    def add(self, kind: str, seconds: float, right: bool, operation: bool = True) -> None:
        """Take in one operation, or a greeting or a time-out, and how long it took."""
        self.operations += operation
        row = self.rows.get(kind)
        if row is None:
            row = self.rows[kind] = Row()
        if right:
            row.right += 1
        else:
            row.wrong += 1
            self._wrong += 1
        row.times.add(seconds)
        if operation:
            self._times.add(seconds)

    def tick(self, at: float) -> None:
        """End a point of the time series if it is time; `at` in seconds since the run began."""
        passed = at - self._began
        if passed < self._interval:
            return
        rate = (self.operations - self._before) / passed
        self.moments.append(Moment(at, rate, self._times.quantile(0.5), self._times.quantile(0.99), self._wrong))
        self._began, self._before, self._wrong = at, self.operations, 0
        self._times.clear()
        if len(self.moments) >= MOST_MOMENTS:
            pairs = zip(self.moments[::2], self.moments[1::2], strict=False)
            self.moments = [
                Moment(b.at, (a[1] + b[1]) / 2, (a.median + b.median) / 2, max(a.p99, b.p99), a.wrong + b.wrong)
                for a, b in pairs
            ]
            self._interval *= 2
