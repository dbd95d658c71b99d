"""A profile that is no SMTP: what the engine knows is what the profile says; and the one judge of a reply."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

import pytest

from conformance.history import Misnumbered
from conformance.load.client import Client
from conformance.load.options import Options
from conformance.load.profile import Breach, Delivery, Limits, Move, Rules, Step, Verdict, timeout_kind
from conformance.load.run import Run
from conformance.load.secure import Secure
from tests.load.simulation import LIMIT, Server, Socket, World, play

ASK = Step(b"ask", b"ask\r\n", "asked")
GIVE = Step(b"", b"give 1\r\n", "greeted", b"1", delivers=True)
BABBLE = Step(b"babble", b"babble\r\n")


class Parrot:
    """Asks and gives by turns; its states are words."""

    def __init__(self) -> None:
        self.state: Hashable = "greeted"
        self._moves = 0

    @property
    def stage(self) -> int:
        return int(self.state == "asked")

    def begin(self, greeting: bytes) -> Verdict:
        self.state = "greeted"
        return self._verdict("greeting", greeting == b"hello", "greeted")

    def next(self) -> Move:
        self._moves += 1
        step = self.wrong() if self._moves % 5 == 0 else self.right()
        return Move((step,), (step.data[:2], step.data[2:]) if self._moves % 7 == 0 else (step.data,))

    def right(self) -> Step:
        return GIVE if self.state == "asked" else ASK

    def wrong(self) -> Step:
        return BABBLE

    def part(self) -> bytes:
        return b"giv"

    def owed(self, step: Step) -> str:
        return {ASK: "asked", GIVE: "given", BABBLE: "what"}[step]

    def judge(self, step: Step, reply: bytes) -> Verdict:
        right = reply.startswith(b"given ") if step.delivers else reply == (b"what" if step is BABBLE else b"asked")
        if not right:
            return self._verdict(self.owed(step), False, None)
        self.state = self.state if step.after is None else step.after
        error = step is BABBLE
        verdict = self._verdict(self.owed(step), True, self.state, error)
        return verdict._replace(delivery=Delivery(int(reply[6:]), 1)) if step.delivers else verdict

    def timed_out(self, reply: bytes) -> Verdict:
        return self._verdict("timeout", reply == b"bye", self.state)

    def _verdict(self, owed: str, right: bool, after: Hashable | None, error: bool = False) -> Verdict:
        wrong = "" if right else "not what was owed"
        return Verdict(owed, owed if right else "", after, f"the {owed} rule", wrong, owed, error, not error, not error)


class Opinionated(Parrot):
    """Has one verdict on every reply."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__()
        self._opinion = verdict

    def judge(self, step: Step, reply: bytes) -> Verdict:
        return self._opinion


class Aviary:
    """The profile."""

    name = "parrots"
    rules = Rules(*(f"the {field} rule" for field in Rules._fields))
    limits = Limits(LIMIT, 2.0, LIMIT + 2.0, 5.0, 5.0, 5, 4, least=LIMIT + 3.0, assemble=0.4 * LIMIT)
    farewell = b""
    many_lines = False
    secured = False
    numbered = True
    timeout = b"bye"
    kinds: Mapping[str, str] = {kind: kind for kind in ("greeting", "asked", "given", "what")}
    forward: Sequence[str] = ("asked", "given")
    stages = 2
    roots: Sequence[str] = (rules.greeting,)

    def __init__(self, options: Options) -> None:
        self.options = options

    def goes_on(self, line: bytes) -> bool:
        return line.endswith(b"...")

    def secure(self) -> Secure:
        raise NotImplementedError

    def dialogue(self, client: int, talks: bool) -> Parrot:
        return Parrot()

    def take(self) -> list[list[int]]:
        return []

    def enter(self, taken: Iterable[Sequence[int]]) -> None:
        assert not taken


class Perch(Server):
    """A server of that protocol."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.heard: dict[Socket, bytes] = {}
        self.given = 0

    def accept(self) -> None:
        while self.waiting:
            one = self.waiting.pop(0)
            self.served.append(one)
            self.reply(one, b"hello")

    def hear(self, one: Socket, data: bytes) -> None:
        *lines, self.heard[one] = (self.heard.get(one, b"") + data).split(b"\r\n")
        for line in lines:
            self.answer(one, line)

    def answer(self, one: Socket, line: bytes) -> None:
        if line == b"babble":
            self.say(one, b"what")
        elif line == b"ask":
            self.reply(one, b"asked")
        else:
            self.given += 1
            self.reply(one, b"given %d" % self.given)

    def reply(self, to: Socket, text: bytes) -> None:
        self.say(to, text)
        to.deadline = self.world.now + self.limit

    def time_out(self, one: Socket) -> None:
        self.say(one, b"bye")
        self.end(one)


class Longwinded(Perch):
    """Says each reply in three lines."""

    def say(self, to: Socket, text: bytes) -> None:
        slowly = text not in (b"hello", b"bye")
        super().say(to, b"well...\r\nlet me see...\r\n" + text if slowly else text)


class Patient(Aviary):
    """Parrots that hear a reply to its end."""

    many_lines = True

    def dialogue(self, client: int, talks: bool) -> Parrot:
        return Listener()


class Listener(Parrot):
    """A parrot for which the last line of a reply counts."""

    def judge(self, step: Step, reply: bytes) -> Verdict:
        assert reply.startswith(b"well...\r\nlet me see...\r\n")
        return super().judge(step, reply.split(b"\r\n")[-1])


class Endless(Perch):
    """Never comes to the end of a reply."""

    def say(self, to: Socket, text: bytes) -> None:
        super().say(to, text if text in (b"hello", b"bye") else b"and...\r\n" * 5000)


class Mishearing(Perch):
    """Answers one ask in ten with another word."""

    asked = 0

    def answer(self, one: Socket, line: bytes) -> None:
        self.asked += line == b"ask"
        super().answer(one, b"babble" if line == b"ask" and self.asked % 10 == 0 else line)


def test_another_protocol_is_served_by_the_same_engine() -> None:
    run, world = play(lambda step: 0.0, Perch, connections=8, profile=Aviary)
    assert not list(run.findings) and run.gate.most_greeted == 8
    assert run.numbers.count > 20 and run.numbers.gaps(1) == []
    assert {"greeting", "asked", "given", "what", timeout_kind(run.profile, "silent")} <= set(run.tally.rows)


def test_replies_of_several_lines_are_one_where_the_profile_says_so() -> None:
    run, _ = play(lambda step: 0.0, Longwinded, profile=Patient)
    assert not list(run.findings) and run.numbers.count > 20
    run, _ = play(lambda step: 0.0, Longwinded, profile=Aviary)
    assert {one.what for one in run.findings} == {"a reply of several lines"}


def test_reply_without_end_is_a_flood() -> None:
    run, _ = play(lambda step: 0.0, Endless, profile=Patient)
    assert any(one.rule == "the one_reply rule" and "flood" in one.what for one in run.findings)


def test_another_protocol_has_its_own_rules() -> None:
    run, _ = play(lambda step: 0.0, Mishearing, connections=8, profile=Aviary)
    assert {(one.rule, one.what) for one in run.findings} == {("the asked rule", "not what was owed (asked)")}


RIGHT = Verdict("given", "given", "greeted", "its rule", "", "", False, True, True)
MISWORDED = RIGHT._replace(wrong="the wrong words", wanted="given N")
FIRST = Delivery(1, 7)


@pytest.mark.parametrize(
    ("verdict", "known", "floor", "found"),
    [
        (RIGHT._replace(delivery=FIRST), (), 0, []),
        (MISWORDED._replace(delivery=FIRST), (), 0, [("its rule", "the wrong words (given)", "given N")]),
        (
            RIGHT._replace(delivery=FIRST),
            (1,),
            0,
            [("the numbers rule", f"{Misnumbered.REPEATED.value} (given)", "the next number")],
        ),
        (
            RIGHT._replace(delivery=FIRST),
            (2,),
            2,
            [("the numbers rule", f"{Misnumbered.BACKWARDS.value} (given)", "the next number")],
        ),
        (
            MISWORDED._replace(delivery=FIRST),
            (1,),
            0,
            [("its rule", f"{Misnumbered.REPEATED.value} (given)", "given N")],
        ),
        (
            RIGHT._replace(delivery=FIRST, also=Breach("name rule", "another name", "Polly", b"Molly")),
            (),
            0,
            [("name rule", "another name", "Polly")],
        ),
    ],
)
def test_one_judge_of_a_reply(
    verdict: Verdict, known: tuple[int, ...], floor: int, found: list[tuple[str, str, str]]
) -> None:
    client = client_that_hears(verdict)
    for number in known:
        client.run.numbers.add(number)
    client.owed.append((GIVE, 10.0, floor))
    client.since = 12.5
    assert client.judge(b"given 1", 12.0) == (GIVE, verdict)
    assert [(one.rule, one.what, one.wanted) for one in client.run.findings] == found
    row = client.run.tally.rows["given"]
    assert row.wrong == any(one[0] != "name rule" for one in found) and row.times.longest == 2.0
    assert (client.valid_sent, client.valid_read) == (10.0, 12.5) and not client.owed
    assert client.run.numbers.unanswered == 0


def test_message_without_a_number_may_be_stored_all_the_same() -> None:
    client = client_that_hears(RIGHT._replace(accepted=False, restarts=False))
    client.owed.extend([(GIVE, 10.0, 0), (ASK, 10.0, 0), (GIVE, 10.0, 0)])
    client.judge(b"no", 11.0)
    assert client.run.numbers.unanswered == 1 and client.valid_sent == client.valid_read == 0.0
    client.note_abandoned()
    assert client.run.numbers.unanswered == 2 and not client.is_owed()


def client_that_hears(verdict: Verdict) -> Client:
    options = Options(("127.0.0.1", 9))
    return Client(Run(options, Aviary(options)), Opinionated(verdict))
