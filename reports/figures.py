"""Reading what `multiclient.py --json` wrote, form 1: keys and types are checked here, and nowhere else."""

import re
from dataclasses import dataclass
from pathlib import Path

from reports.checked import Checked, WrongShape
from reports.escape import typed
from reports.results import ResultsError, read

FORM = 1
WORDS = ("right", "wrong", "interrupted")
_ADVICE = "give what multiclient.py --json wrote"
_STEP = re.compile(r"\d{1,4}")
_LOGGED = re.compile(r" *([\d.]{1,16}) ms (->|<-|--) (.*)", re.DOTALL)


@dataclass(frozen=True)
class Times:
    """How long something took, in milliseconds: percentiles, and the longest."""

    p50: float
    p90: float
    p99: float
    p999: float
    longest: float


@dataclass(frozen=True)
class Kind:
    """One kind of operation.

    Attributes:
        histogram: how many times fell into which step: step n begins at 2 ** (n / 16) microseconds.
    """

    name: str
    count: int
    right: int
    wrong: int
    times: Times
    histogram: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Entry:
    """A line of a conversation: milliseconds, `->`, `<-` or `--`, and the text, which was escaped when stored."""

    milliseconds: str
    mark: str
    text: str


@dataclass(frozen=True)
class Finding:
    """One kind of finding, how often it was found, and the conversation of the first."""

    rule: str
    what: str
    count: int
    expected: str
    came: str
    transcript: tuple[Entry, ...]


@dataclass(frozen=True)
class Moment:
    """One point of the time series: seconds since the run began, times in milliseconds, operations that went wrong."""

    at: float
    rate: float
    p50: float
    p99: float
    wrong: int


@dataclass(frozen=True)
class Rate:
    """What became of the operations a second that were asked for; see `python multiclient.py --help`."""

    asked: float
    arrivals: str
    reached: float
    sent: int
    unsent: int
    held_by: str
    behind: float
    waited: float
    late: Times
    late_itself: Times
    from_sent: Times


@dataclass(frozen=True)
class Messages:
    """What was found of the acknowledged messages where the server keeps them."""

    acknowledged: int
    found: int
    unanswered: int
    foreign: int


@dataclass(frozen=True)
class Figures:
    """A whole run of multiclient."""

    verdict: str
    line: str
    target: str
    command: str
    ended: str
    dialect: str
    seed: int
    errors: float
    time_limit: float
    seconds: float
    operations: int
    wrong: int
    connections: int
    messages: int
    rate: Rate | None
    stored: Messages | None
    kinds: tuple[Kind, ...]
    moments: tuple[Moment, ...]
    findings: tuple[Finding, ...]
    missing: str
    left: tuple[tuple[str, int], ...]
    notes: tuple[tuple[str, int], ...]
    remarks: tuple[str, ...]


def load(path: Path) -> Figures:
    """Read the figures of a run; keys that the form doesn't know are ignored.

    Args:
        path: the file.

    Returns:
        The run, with all text as it was stored: unsafe to show.

    Raises:
        ResultsError: the file is missing, too large, no JSON, of another form, or wrong in a key or a type.
    """
    name = typed(str(path))
    document = read(path, _ADVICE)
    try:
        checked = Checked(document)
        if (form := checked.integer("load")) != FORM:
            raise ResultsError(f"{name} has form {form}, not {FORM}; use the reports of the suite that wrote it")
        return _figures(checked)
    except WrongShape as error:
        raise ResultsError(f"{name} has no figures of form {FORM}: {error}; {_ADVICE}") from None


def _figures(run: Checked) -> Figures:
    return Figures(
        verdict=run.choice("verdict", WORDS),
        line=run.text("line"),
        target=run.text("target"),
        command=run.text("command"),
        ended=run.text("ended"),
        dialect=run.text("dialect"),
        seed=run.integer("seed"),
        errors=run.number("errors"),
        time_limit=run.number("time_limit"),
        seconds=run.number("seconds"),
        operations=run.integer("operations"),
        wrong=run.integer("wrong"),
        connections=run.integer("connections"),
        messages=run.integer("messages"),
        rate=_rate(run.inner("rate")) if run.has("rate") else None,
        stored=_messages(run.inner("mailbox")) if run.has("mailbox") else None,
        kinds=tuple(_kind(kinds.inner(key)) for kinds in (run.inner("kinds"),) for key in kinds),
        moments=tuple(map(_moment, run.rows("moments", ("at", "rate", "p50", "p99", "wrong")))),
        findings=tuple(map(_finding, run.objects("findings"))),
        missing=run.text("missing"),
        left=_counts(run.inner("left")),
        notes=_counts(run.inner("notes")),
        remarks=run.texts("remarks"),
    )


def _counts(counts: Checked) -> tuple[tuple[str, int], ...]:
    return tuple((what, counts.integer(what)) for what in counts)


def _times(row: Checked) -> Times:
    return Times(*(row.number(key) for key in ("p50", "p90", "p99", "p999", "max")))


def _kind(row: Checked) -> Kind:
    steps = row.inner("histogram")
    return Kind(
        row.text("name"),
        row.integer("count"),
        row.integer("right"),
        row.integer("wrong"),
        _times(row),
        tuple(sorted((int(step), steps.integer(step)) for step in steps if _STEP.fullmatch(step))),
    )


def _rate(rate: Checked) -> Rate:
    return Rate(
        rate.number("asked"), rate.text("arrivals"), rate.number("reached"),
        rate.integer("sent"), rate.integer("unsent"), rate.choice("held_by", ("", "server", "machine")),
        rate.number("behind"), rate.number("waited"),
        *(_times(rate.inner(key)) for key in ("late", "late_itself", "from_sent")),
    )  # fmt: skip


def _messages(mailbox: Checked) -> Messages:
    return Messages(*(mailbox.integer(key) for key in ("acknowledged", "found", "unanswered", "foreign")))


def _moment(row: Checked) -> Moment:
    return Moment(row.number("at"), row.number("rate"), row.number("p50"), row.number("p99"), row.integer("wrong"))


def _finding(finding: Checked) -> Finding:
    transcript = [_LOGGED.fullmatch(line) for line in finding.texts("transcript")]
    return Finding(
        finding.text("rule"),
        finding.text("what"),
        finding.integer("count"),
        finding.text("expected"),
        finding.text("came"),
        tuple(Entry(one[1], one[2], one[3]) for one in transcript if one),
    )
