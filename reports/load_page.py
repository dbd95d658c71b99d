"""The page of one run of multiclient: what is wrong, operations and times over the run, what became of the messages."""

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

from reports import template
from reports.chart import Scale, Tick, decades, linear, milliseconds, path
from reports.conversation import Turn, turn_of
from reports.escape import typed
from reports.figures import Figures, Finding, Kind, Moment, Rate, Times
from reports.summary import counted

HEADLINES = {"right": "Right", "wrong": "Wrong", "interrupted": "Interrupted"}
COLOURS = {"right": "pass", "wrong": "fail", "interrupted": "skip"}
HELD = {
    "server": "Not reached, by the server with so few connections: while more was due, all clients waited for replies.",
    "machine": "Not reached, by multiclient on this machine, whatever the server: it always had something to do.",
}
PER_OCTAVE = 16
"""Steps of a histogram in which a time doubles, from a microsecond on."""
BIN = 4
"""How many of them one bar shows."""
LINE_END = r"\r\n"
LONGEST = 1200
"""Characters of a line of a conversation that are shown; multiclient writes fewer."""
MOST_TICKS = 9
"""Of the scale of time."""


@dataclass(frozen=True)
class Line:
    """A line of a chart: its name, its class for the style, and its path."""

    name: str
    look: str
    path: str


@dataclass(frozen=True)
class Chart:
    """What is drawn over time.

    Attributes:
        wanted: the place of the rate that was asked for, as a share from above, or None.
        wrong: where operations went wrong, as shares from the left.
    """

    title: str
    rows: tuple[Tick, ...]
    lines: tuple[Line, ...]
    wanted: float | None = None
    wrong: tuple[float, ...] = ()


@dataclass(frozen=True)
class Bar:
    """A bar of a histogram, in parts of its place."""

    start: float
    width: float
    height: float


@dataclass(frozen=True)
class KindView:
    """A kind, its histogram, and the places of its percentiles."""

    kind: Kind
    bars: tuple[Bar, ...]
    median: float
    p99: float


@dataclass(frozen=True)
class FindingView:
    """A finding and its conversation."""

    finding: Finding
    turns: tuple[Turn, ...]


def render(run: Figures) -> str:
    """Write the page.

    Args:
        run: the figures.

    Returns:
        One HTML document that needs no other file and no network; everything a server sent is text in it.
    """
    columns, seconds = _time(run.moments)
    scale, powers = decades(_edge(step) for kind in run.kinds for step, count in kind.histogram if count)
    return template.page(
        "load",
        script="load",
        run=run,
        headline=HEADLINES[run.verdict],
        colour=COLOURS[run.verdict],
        line=run.line.partition(": ")[2] or run.line,
        columns=columns,
        charts=(_operations(run, seconds), _times(run.moments, seconds)) if len(run.moments) > 1 else (),
        points=json.dumps([astuple(moment) for moment in run.moments]),
        scale=[Tick(scale.share(power), milliseconds(power)) for power in powers],
        kinds=[_kind(kind, scale) for kind in run.kinds],
        rate=_rate(run.rate) if run.rate else (),
        held=HELD.get(run.rate.held_by, "") if run.rate else "",
        findings=[FindingView(one, _turns(one)) for one in run.findings],
        counted=counted,
        time=milliseconds,
    )


def _time(moments: Sequence[Moment]) -> tuple[tuple[Tick, ...], Scale]:
    last = moments[-1].at if moments else 1.0
    scale, ticks = linear(last, MOST_TICKS)
    scale = Scale(0.0, max(last, 1e-3))
    return tuple(Tick(scale.share(at), _clock(at, ticks[1])) for at in ticks if at <= last), scale


def _clock(seconds: float, step: float) -> str:
    if step < 60:
        return f"{seconds:g} s"
    return f"{seconds / 60:g} min" if step < 3600 else f"{seconds / 3600:.3g} h"


def _operations(run: Figures, seconds: Scale) -> Chart:
    wanted = run.rate.asked if run.rate else 0.0
    most = max(moment.rate for moment in run.moments)
    # A rate far beyond what was reached would flatten the line.
    scale, values = linear(max(most, wanted) if wanted < 4 * most else most)
    points = [(seconds.share(moment.at), 1 - scale.share(moment.rate)) for moment in run.moments]
    line = Line("operations a second", "rate", path(points))
    wrong = tuple(seconds.share(moment.at) for moment in run.moments if moment.wrong)
    rows = tuple(Tick(1 - scale.share(value), f"{value:,g}") for value in values)
    shown = 1 - scale.share(wanted) if 0 < wanted <= scale.most else None
    return Chart("Operations a second", rows, (line,), shown, wrong)


def _times(moments: Sequence[Moment], seconds: Scale) -> Chart:
    scale, values = decades(time for moment in moments for time in (moment.p50, moment.p99))
    lines = []
    for name, look in (("99 %", "p99"), ("median", "p50")):
        times = [(moment.at, moment.p50 if look == "p50" else moment.p99) for moment in moments]
        points = [(seconds.share(at), 1 - scale.share(time) if time > 0 else None) for at, time in times]
        lines.append(Line(name, look, path(points)))
    rows = tuple(Tick(1 - scale.share(value), milliseconds(value)) for value in values)
    return Chart("Reply after", rows, tuple(lines))


def _edge(step: int) -> float:
    """Where a step of a histogram begins, in milliseconds."""
    return float(2 ** (min(step, 1000) / PER_OCTAVE) / 1000)


def _kind(kind: Kind, scale: Scale) -> KindView:
    bins: dict[int, int] = {}
    for step, count in kind.histogram:
        bins[step // BIN] = bins.get(step // BIN, 0) + max(count, 0)
    most = max(bins.values(), default=0) or 1
    bars = []
    for at, count in bins.items():
        start, end = (scale.share(_edge(BIN * edge)) for edge in (at, at + 1))
        bars.append(Bar(start, end - start, (count / most) ** 0.5))
    return KindView(kind, tuple(bars), scale.share(kind.times.p50), scale.share(kind.times.p99))


def _rate(rate: Rate) -> tuple[tuple[str, str], ...]:
    told = [
        ("asked for", f"{rate.asked:g} operations a second, {rate.arrivals} arrivals"),
        ("reached", f"{rate.reached:.1f} a second, {counted(rate.sent, 'operation')}"),
        ("replies, from when due", "all times of this page"),
        ("replies, from when sent", _spread(rate.from_sent)),
        ("sent late by", _spread(rate.late)),
        ("of that, a client being free", _spread(rate.late_itself)),
    ]
    if rate.behind > 0:
        share = 100 * rate.waited / rate.behind
        told.append(
            ("all clients busy, more due", f"for {rate.behind:.1f} s, {share:.0f} % of it waiting for the server")
        )
    if rate.unsent:
        told.append(("due and never sent", f"about {rate.unsent}, which are in no time of this page"))
    return tuple(told)


def _spread(times: Times) -> str:
    return (
        f"{milliseconds(times.p50)} (median), {milliseconds(times.p99)} (99 %), {milliseconds(times.longest)} (longest)"
    )


def _turns(finding: Finding) -> tuple[Turn, ...]:
    turns = [turn_of(entry.milliseconds, entry.mark, typed(entry.text[:LONGEST])) for entry in finding.transcript]
    for at, entry in reversed(list(enumerate(finding.transcript))):
        if (
            entry.mark == "<-"
            and finding.came
            and entry.text.removesuffix(LINE_END) == finding.came.removesuffix(LINE_END)
        ):
            turns[at] = replace(turns[at], wrong="this is wrong")
            break
    return tuple(turns)
