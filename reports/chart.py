"""Lines over time and histograms as SVG draws them: places as shares of a length, and ticks that a reader expects."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SMALLEST = 1e-6
"""What lies below it is not drawn apart on a logarithmic scale."""


@dataclass(frozen=True)
class Tick:
    """A mark of a scale: its place as a share, from the left or from above, and its name."""

    place: float
    name: str


@dataclass(frozen=True)
class Scale:
    """From values to places as shares; what lies beyond its ends is taken for them."""

    least: float
    most: float
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """The place of a value, from 0 to 1."""
        low, high, value = self.least, self.most, min(max(value, self.least), self.most)
        if self.logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return (value - low) / (high - low)


def linear(most: float, ticks: int = 4) -> tuple[Scale, list[float]]:
    """A scale from 0 on that holds a value, and the round values on it."""
    most = most if most > SMALLEST else 1.0
    power = 10.0 ** math.floor(math.log10(most / ticks))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor * ticks >= most)
    count = math.ceil(most / step)
    return Scale(0.0, count * step), [step * at for at in range(count + 1)]


def decades(values: Iterable[float]) -> tuple[Scale, list[float]]:
    """A logarithmic scale of whole decades that holds all values above 0, and the powers of ten on it."""
    seen = [max(value, SMALLEST) for value in values if value > 0] or [1.0]
    low = math.floor(math.log10(min(seen)))
    high = max(math.ceil(math.log10(max(seen))), low + 1)
    return Scale(10.0**low, 10.0**high, logarithmic=True), [10.0**power for power in range(low, high + 1)]


def path(points: Sequence[tuple[float, float | None]]) -> str:
    """The path of a line in a square of 100 through points, y from above; it is broken where there is no y."""
    told, pen = [], "M"
    for x, y in points:
        if y is None:
            pen = "M"
            continue
        told.append(f"{pen}{100 * x:.2f} {100 * y:.2f}")
        pen = "L"
    return "".join(told)


def milliseconds(value: float) -> str:
    """A time for a reader: with the unit that suits it, three digits at most."""
    if value >= 1000:
        return f"{value / 1000:.3g} s" if value < 1e6 else f"{value / 1000:.0f} s"
    return f"{value:.3g} ms" if value >= 0.001 or value == 0 else "0 ms"
