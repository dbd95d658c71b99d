"""What the clock's arithmetic accuses of, on a clock and a connection that stand still until they are asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import repeat
from types import SimpleNamespace

import pytest

from conformance.cs4410 import clock, ledger, session
from conformance.cs4410.client import Client
from conformance.cs4410.kind import KIND
from conformance.cs4410.profile import PROFILE
from conformance.harness.client.scene import Scene
from conformance.harness.server.patience import Patience
from conformance.harness.server.target import Server
from conformance.harness.verdict.verdict import Blocked, Broken, Record, Void
from conformance.harness.wire.connection import Closed, Flooded, Silent, WireError
from conformance.harness.wire.manners import Manners
from conformance.harness.wire.reply import Reply
from tests.harness.plain import PLAIN

SENT, READ, LIMIT = 100.0, 100.25, PLAIN.time_limit
"""When the last valid command was sent and its reply was read; the server's clock started in between."""
LEDGER = ledger.load()
TIMEOUT = "421 4.4.2 me Error: timeout exceeded"
CLOSED, FLOOD = Closed("closed by the server"), Flooded("more than any server sends")
"""What stands for the end of the connection, or for no end of what comes, among what a server says."""
Said = tuple[float, str | WireError]


@dataclass
class Wire:
    """A connection on which a server says things at its times, and a clock that only waits move on.

    Attributes:
        said: what is still to come.
        closes: when the server closes after all that.
        oversleeps: seconds by which the suite itself is late when it has waited in vain.
        sent_at: what the client sent, and when.
        flooded: how many lines of a flood were sent together.
    """

    said: list[Said]
    closes: float
    now: float = READ
    oversleeps: float = 0.0
    sent_at: list[tuple[float, bytes]] = field(default_factory=list)
    flooded: list[int] = field(default_factory=list)
    number: int = 1
    sent: float = READ
    began: float = READ

    def reply(self, deadline: float) -> Reply:
        if not self.said or self.said[0][0] > deadline + self.oversleeps:
            self.now = max(self.now, deadline + self.oversleeps)
            raise Silent("no reply")
        at, text = self.said.pop(0)
        self.now = max(self.now, at)
        if isinstance(text, WireError):
            raise text
        return Reply(text.encode() + b"\r\n", at)

    def wait_closed(self, deadline: float) -> bool:
        self.now = min(deadline, max(self.now, self.closes))
        return self.closes <= deadline

    def send(self, data: bytes) -> None:
        self.sent = self.now
        self.sent_at.append((self.now, data))

    def settle(self, after: str = "") -> None:
        """Nothing is left over."""

    def flood(self, line: bytes, until: float, at_once: int) -> None:
        self.flooded.append(at_once)
        self.now = min([until, *(at for at, text in self.said if text is CLOSED)])


Waiting = Callable[..., tuple[Client, Wire]]


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Waiting:
    """A client that has waited since its HELO was answered, in a case that judges all that is named."""

    def make(
        said: Iterable[Said], *judged: str, closes: float = 0.0, health: Patience | None = None
    ) -> tuple[Client, Wire]:
        record = Record("cs4410/test_x.py::test_x", "Title.", judged, LEDGER)
        server = Server(KIND, Manners())
        client = PROFILE.case(Scene(record, server, PLAIN, health or Patience(LIMIT, KIND.rules))).unconnected_client()
        wire = Wire(list(said), closes)
        still = SimpleNamespace(monotonic=lambda: wire.now)
        for module in (clock, session):
            monkeypatch.setattr(module, "time", still)
        vars(client).update(_connection=wire, netid="me", valid_sent=SENT, valid_read=READ)
        return client, wire

    return make


def record_of(client: Client) -> Record:
    record: Record = vars(client)["_case"].record
    return record


def broken_by(act: Callable[[], object]) -> str:
    """The requirement that a server is accused of."""
    with pytest.raises(Broken) as broken:
        act()
    return broken.value.finding[0]


ALL = ("time.out", "time.early", "time.restart", "time.reply", "time.prompt", "time.close", "netid", "reply.one")


@pytest.mark.parametrize(
    "said",
    [
        [(110.0, TIMEOUT)],
        [(110.1, TIMEOUT)],
        [(112.25, TIMEOUT)],
        [(103.0, "250 chatter"), (104.0, "250 chatter"), (111.0, TIMEOUT)],
    ],
    ids=["limit-since-sent", "between-sent-and-read", "latest-since-read", "chatter"],
)
def test_a_right_time_out_is_accused_of_nothing(waiting: Waiting, said: list[Said]) -> None:
    client, _ = waiting(said, *ALL, closes=said[-1][0] + 2)
    client.expect_timeout()
    assert record_of(client).findings == []
    assert record_of(client).waits == [(said[-1][0] - SENT, "timeout")]


@pytest.mark.parametrize(
    ("said", "closes", "rule"),
    [
        ([(109.99, TIMEOUT)], 110.0, "time.early"),
        ([(105.0, CLOSED)], 105.0, "time.early"),
        ([(110.5, CLOSED)], 110.5, "time.reply"),
        ([(110.5, "421 bye")], 110.5, "time.reply"),
        ([(110.5, TIMEOUT)], 112.51, "time.close"),
        ([(120.26, TIMEOUT)], 120.3, "time.out"),
        ([], 130.0, "time.out"),
    ],
    ids=["early", "early-close", "no-word", "other-words", "open", "beyond-twice-the-limit", "never"],
)
def test_a_wrong_time_out_is_accused_of_its_own_fault(
    waiting: Waiting, said: list[Said], closes: float, rule: str
) -> None:
    client, _ = waiting(said, *ALL, closes=closes)
    assert broken_by(client.expect_timeout) == rule


def test_a_late_time_out_is_not_a_missing_one(waiting: Waiting) -> None:
    client, _ = waiting([(112.26, TIMEOUT)], *ALL, closes=112.3)
    client.expect_timeout()
    assert [finding.requirement for finding in record_of(client).findings] == ["time.prompt"]


def test_who_judges_something_else_does_not_mind_a_late_time_out(waiting: Waiting) -> None:
    client, _ = waiting([(115.0, TIMEOUT)], "time.restart", closes=115.0)
    client.expect_timeout()
    assert record_of(client).findings == []


def test_a_silent_server_is_no_news_of_the_clock(waiting: Waiting) -> None:
    health = Patience(LIMIT, KIND.rules)
    health.doubt("reply.one")
    client, _ = waiting([], *ALL, health=health)
    assert broken_by(client.expect_timeout) == "reply.one"


def test_the_lower_bound_may_count_from_elsewhere(waiting: Waiting) -> None:
    client, _ = waiting([(112.0, TIMEOUT)], *ALL, closes=112.0)
    assert broken_by(lambda: client.expect_timeout("time.restart", since=102.5)) == "time.restart"


@pytest.mark.parametrize(("late", "at", "rule"), [(2.0, 119.0, ""), (15.0, 125.0, ""), (15.0, 125.3, "time.out")])
def test_how_late_it_may_be_is_the_longer_of_both(waiting: Waiting, late: float, at: float, rule: str) -> None:
    client, _ = waiting([(at, TIMEOUT)], "time.out", closes=at)
    if rule:
        assert broken_by(lambda: client.expect_timeout(late=late)) == rule
    else:
        client.expect_timeout(late=late)
        assert record_of(client).findings == []


# Who stays silent for a while and goes on


def test_who_lingers_is_left_alone_until_the_fraction_of_the_limit(waiting: Waiting) -> None:
    client, wire = waiting([(109.1, TIMEOUT)], "time.early")
    client.stay_silent(0.9)
    assert wire.now == SENT + 0.9 * LIMIT
    assert record_of(client).waits == [(0.9 * LIMIT, "kept")]


@pytest.mark.parametrize("said", [TIMEOUT, CLOSED], ids=["told", "closed"])
def test_who_lingers_and_is_timed_out_accuses(waiting: Waiting, said: str | None) -> None:
    client, _ = waiting([(108.0, said)], "time.restart")
    assert broken_by(lambda: client.stay_silent(0.9, "time.restart")) == "time.restart"


def test_a_suite_that_slept_too_long_accuses_nobody(waiting: Waiting) -> None:
    client, wire = waiting([(110.5, TIMEOUT)], "time.early")
    wire.oversleeps = 2.0
    with pytest.raises(Void):
        client.stay_silent(0.9)


def test_a_command_after_too_long_a_sleep_accuses_nobody(waiting: Waiting) -> None:
    client, wire = waiting([], "time.slow-line")
    wire.now = SENT + 0.96 * LIMIT
    with pytest.raises(Void):
        client.expect("HELO host")
    assert wire.sent_at == []


def test_a_slow_line_is_sent_in_halves_and_judged(waiting: Waiting) -> None:
    client, wire = waiting([(105.5, "250 me")], "time.slow-line")
    client.expect_slowly("HELO host", 0.5, "time.slow-line")
    assert b"".join(data for _, data in wire.sent_at) == b"HELO host\r\n"
    assert [at for at, _ in wire.sent_at] == [READ, SENT + 0.5 * LIMIT]


@pytest.mark.parametrize("at", [104.0, 105.5], ids=["meanwhile", "instead-of-the-reply"])
def test_a_slow_line_that_is_timed_out_accuses(waiting: Waiting, at: float) -> None:
    client, _ = waiting([(at, TIMEOUT)], "time.slow-line")
    assert broken_by(lambda: client.expect_slowly("HELO host", 0.5, "time.slow-line")) == "time.slow-line"


# Who goes on sending what restarts no clock


@pytest.mark.parametrize(
    "said",
    [
        [(110.0, TIMEOUT)],
        [(111.0, CLOSED)],
        [(102.3, "502 x"), (104.3, "502 x"), (110.5, TIMEOUT)],
        [(120.2, TIMEOUT)],
    ],
    ids=["told", "closed", "replies-between", "last-moment"],
)
def test_a_time_out_despite_what_is_sent_is_right(waiting: Waiting, said: list[Said]) -> None:
    client, wire = waiting(said, "time.invalid", "time.early")
    client.expect_timeout_despite(repeat(b"mkdir\r\n"), 0.2, "time.invalid")
    paces = [at for at, _ in wire.sent_at]
    assert paces == pytest.approx([READ + 2 * step for step in range(1, len(paces) + 1)])
    assert len(paces) == (min(said[-1][0], 120.24) - READ) // 2


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ([], "time.invalid"),
        ([(at, "502 x") for at in range(101, 140)], "time.invalid"),
        ([(109.9, TIMEOUT)], "time.early"),
        ([(105.0, CLOSED)], "time.early"),
    ],
    ids=["silent", "served", "early", "early-close"],
)
def test_who_is_served_for_twice_the_limit_or_ended_early_accuses(
    waiting: Waiting, said: list[Said], rule: str
) -> None:
    client, _ = waiting(said, "time.invalid", "time.early")
    assert broken_by(lambda: client.expect_timeout_despite(repeat(b"mkdir\r\n"), 0.2, "time.invalid")) == rule


@pytest.mark.parametrize(("slowest", "lines"), [(0.0, 100), (0.01, 20), (0.15, 1), (3.0, 1)])
def test_a_flood_leaves_a_slow_server_no_more_than_it_is_soon_done_with(
    waiting: Waiting, slowest: float, lines: int
) -> None:
    health = Patience(LIMIT, KIND.rules)
    health.replied(slowest)
    client, wire = waiting([(111.0, TIMEOUT)], "time.invalid", health=health)
    client.expect_timeout_in_flood(b"mkdir\r\n", "time.invalid")
    assert wire.flooded == [lines]


@pytest.mark.parametrize(
    ("said", "line"), [((109.8, TIMEOUT), b"mkdir\r\n"), ((109.8, CLOSED), b"")], ids=["told", "silent"]
)
def test_a_flooded_session_is_not_timed_out_early_either(waiting: Waiting, said: Said, line: bytes) -> None:
    client, _ = waiting([said], "time.invalid")
    with pytest.raises(Blocked) as blocked:
        client.expect_timeout_in_flood(line, "time.invalid")
    assert blocked.value.by == "time.early" and not client.ended_in_flood


def test_a_session_that_ends_in_a_flood_may_have_had_enough_of_errors(waiting: Waiting) -> None:
    client, _ = waiting([(109.8, CLOSED)], "time.invalid")
    client.expect_timeout_in_flood(b"mkdir\r\n", "time.invalid")
    assert client.ended_in_flood and record_of(client).findings == []


def test_a_flood_is_no_early_time_out(waiting: Waiting) -> None:
    client, _ = waiting([(101.7, FLOOD)], "time.out", "time.early")
    with pytest.raises(Blocked) as blocked:
        client.expect_timeout()
    assert blocked.value.by == "reply.one"
