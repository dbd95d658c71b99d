"""Time: never early, not late, the reply and the close, and what restarts the clock."""

import itertools

import pytest

from conformance.cs4410 import crowd, leaks
from conformance.cs4410.case import Case
from conformance.cs4410.crowd import POOL
from conformance.cs4410.lines import RIGHT
from conformance.harness.verdict.verdict import Skipped

TIMEOUT = ("time.early", "time.out", "time.prompt", "time.reply", "time.close", "netid", "reply.crlf")
SILENT = {
    "connected": ("connected", b""),
    "greeted": ("greeted", b""),
    "sender": ("sender", b""),
    "recipient": ("recipient", b""),
    "recipients": ("recipients", b""),
    "delivered": ("delivered", b""),
    "after-error": ("after-error", b""),
    "inside-line": ("greeted", b"MAIL FR"),
    "body": ("body", b""),
    "inside-body": ("body", b"one line\r\nhalf a l"),
    "before-dot": ("body", b"one line\r\n"),
}


@pytest.mark.clock(1.2)
@pytest.mark.judges(*TIMEOUT)
@pytest.mark.parametrize("where", SILENT)
def test_silent_client(case: Case, where: str) -> None:
    """A client falls silent here: after the limit, and not before, it gets the 421 and the connection ends."""
    state, sent = SILENT[where]
    client = case.client(state)
    if sent:
        client.send(sent)
    client.expect_timeout()


RESTARTS = {
    "HELO": ("connected", "HELO"),
    "MAIL": ("greeted", "MAIL"),
    "RCPT": ("sender", "RCPT"),
    "second-RCPT": ("recipient", "RCPT"),
    "fourth-RCPT": ("recipients", "RCPT"),
    "MAIL-after-message": ("delivered", "MAIL"),
}


@pytest.mark.clock(1.9)
@pytest.mark.judges("time.restart")
@pytest.mark.parametrize("command", RESTARTS)
def test_valid_command_restarts_clock(case: Case, command: str) -> None:
    """A client takes more than half the limit, sends this command and falls silent: it has the whole limit again."""
    state, line = RESTARTS[command]
    client = case.client(state)
    client.stay_silent(0.6)
    client.set_up(case.words.fill(RIGHT[line]))
    client.expect_timeout(early="time.restart")


@pytest.mark.clock(1.9)
@pytest.mark.judges("time.restart")
@pytest.mark.parametrize("state", ["recipient", "body"])
def test_message_restarts_clock(case: Case, state: str) -> None:
    """A client takes more than half the limit for its message: after it, it has the whole limit again."""
    client = case.client(state)
    client.stay_silent(0.6)
    if state == "body":
        client.expect_delivered(case.words.body(), "delivered")
    else:
        client.deliver(case.words.body())
    client.expect_timeout(early="time.restart")


@pytest.mark.clock(1.9)
@pytest.mark.judges("time.body")
def test_body_has_limit_of_its_own(case: Case) -> None:
    """A client takes more than half the limit before DATA: for the body it should have the whole limit again."""
    client = case.client("recipient")
    client.stay_silent(0.6)
    client.set_up("DATA")
    client.expect_timeout(early="time.body", since=client.last_sent)


@pytest.mark.clock(1.0)
@pytest.mark.judges("time.early")
def test_body_shortly_before_limit(case: Case) -> None:
    """DATA is sent at once and the body is complete shortly before the limit: the message is delivered."""
    client = case.client("recipient")
    client.set_up("DATA")
    client.stay_silent(0.8)
    client.expect_delivered(case.words.body(), "delivered")


# No sum of these waits is near a whole number of limits, or a session that ends there would end unseen, between two
# waits, or after the last.
MOST = 0.82
"""Of the limit: five of them are more than four limits."""


@pytest.mark.clock(4.1)
@pytest.mark.judges("time.session")
def test_long_session(case: Case) -> None:
    """A client takes most of the limit at every step, more than four limits in all, and is served to the end."""
    client = case.client()
    for verb in ("HELO", "MAIL", "RCPT"):
        client.stay_silent(MOST, "time.session")
        client.ask(case.words.fill(RIGHT[verb]))
    client.stay_silent(MOST, "time.session")
    client.set_up("DATA")
    client.expect_delivered(case.words.body(), "delivered")
    client.stay_silent(MOST, "time.session")
    client.ask(case.words.fill(RIGHT["MAIL"]))


SLOW = {"HELO": "connected", "MAIL": "greeted", "RCPT": "sender", "DATA": "recipient"}


@pytest.mark.clock(0.9)
@pytest.mark.judges("time.slow-line")
@pytest.mark.parametrize("verb", SLOW)
def test_slow_line(case: Case, verb: str) -> None:
    """Half a command comes at once and the rest shortly before the limit: it is a line like any other."""
    case.client(SLOW[verb]).expect_slowly(case.words.fill(RIGHT[verb]), 0.8, "time.slow-line")


WRONG = {"unknown": b"mkdir\r\n", "syntax": b"MAIL FROM:\r\n", "order": b"DATA now\r\n", "empty": b"\r\n"}


@pytest.mark.clock(2.0)
@pytest.mark.judges("time.invalid", control={"wrong": b""})
@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("state", ["connected", "sender"])
def test_invalid_commands_do_not_restart_clock(case: Case, state: str, wrong: bytes) -> None:
    """A client keeps sending wrong commands: it is timed out as if it were silent."""
    case.client(state).expect_timeout_despite(itertools.repeat(wrong), 0.45, "time.invalid")


@pytest.mark.clock(2.0)
@pytest.mark.judges("time.drip", control={"drip": b""})
@pytest.mark.parametrize("drip", [b"x"], ids=["x"])
@pytest.mark.parametrize("state", ["connected", "greeted", "recipient"])
def test_dripping_line_does_not_restart_clock(case: Case, state: str, drip: bytes) -> None:
    """A client sends a byte now and then and never ends its line: it is timed out as if it were silent."""
    case.client(state).expect_timeout_despite(itertools.repeat(drip), 0.2, "time.drip")


FLOODS = {"connected": b"\r\n", "greeted": b"mkdir\r\n", "sender": b"RCPT TO:\r\n", "recipient": b"MAIL FROM: a b\r\n"}


@pytest.mark.clock(1.2, own=True)
@pytest.mark.judges("time.invalid", "pool.survives", control={"floods": {}})
@pytest.mark.parametrize("floods", [FLOODS], ids=["floods"])
def test_floods_of_errors(case: Case, floods: dict[str, bytes]) -> None:
    """Four clients send wrong lines without a pause when the limit passes: they are timed out, and 32 are served."""
    clients = {case.client(state): floods.get(state, b"") for state in FLOODS}
    crowd.together(list(clients), lambda client: client.expect_timeout_in_flood(clients[client], "time.invalid"))
    crowd.fill(case, requirement="pool.survives")
    if any(client.ended_in_flood for client in clients):
        raise Skipped("the server ends a session after many errors, so that no clock is seen in a flood of them")


@pytest.mark.long
@pytest.mark.clock(2.4, own=True)
@pytest.mark.judges("pool.leaks")
def test_nothing_leaks_of_those_timed_out(case: Case) -> None:
    """32 clients are timed out, and 32 others: what the server grows by with each of them is noted."""

    def be_timed_out() -> None:
        for client in crowd.fill(case):
            client.await_end()

    for growth in leaks.grown(case, be_timed_out, POOL):
        case.note(growth)


@pytest.mark.clock(1.2, own=True)
@pytest.mark.judges("pool.alive", control={"limits": 0.0})
@pytest.mark.parametrize("limits", [1.2])
def test_nobody_for_longer_than_the_limit(case: Case, limits: float) -> None:
    """Nobody connects for longer than the limit: the next ones are served, because no clock runs for nobody."""
    case.client("delivered").close()
    crowd.stay_away(case, limits)
    crowd.fill(case, POOL - 1, requirement="pool.alive")[0].reach("delivered")


@pytest.mark.places(4)
@pytest.mark.clock(1.2)
@pytest.mark.judges("time.no-trace")
def test_timed_out_messages_leave_no_trace(case: Case) -> None:
    """Clients fall silent in their bodies and are timed out: no message takes a number or is delivered."""
    mark = case.words.token(20).encode()
    clients = [case.client("body") for _ in range(3)]
    for client, sent in zip(clients, (b"", b"timed out line\r\n", b"timed out half"), strict=True):
        client.send(mark + sent)

    def be_timed_out() -> None:
        clients[0].stay_silent(0.95)
        for client in clients:
            client.await_end()

    clients[0].stay_silent(0.9)
    case.inbox.expect_no_number_between(be_timed_out, "time.no-trace")
    case.inbox.expect_absent(mark, "time.no-trace")


@pytest.mark.clock(1.9, own=True)
@pytest.mark.judges("time.start", "pool.frees")
def test_clock_starts_with_greeting(case: Case) -> None:
    """A client waits most of the limit for a place and still has the whole limit; 32 timed-out ones free theirs."""
    crowd.expect_whole_limit_after_queue(case, "time.start")
    crowd.fill(case, requirement="pool.frees")
