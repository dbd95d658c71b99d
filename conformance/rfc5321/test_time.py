"""Server time-outs: how long a silent client is kept, and how soon one that speaks is answered."""

import math
import time

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client

FIVE_MINUTES, TWENTY_MINUTES = 305.0, 1_200.0
SO_FAR = 20.0
"""Seconds that a silent connection is watched for where nobody has asked for five minutes."""
PATIENCE = {"the greeting": 300.0, "MAIL": 300.0, "RCPT": 300.0, "DATA": 120.0, "the end of data": 600.0}
"""Seconds that clients wait for a reply (RFC 5321 4.5.3.2)."""
STEPS = (1.0, 10.0, 60.0)
"""Seconds that answers are told apart by, so that two runs tell the same."""


def sent_away(client: Client, seconds: float) -> str:
    """How a silent client is sent away within some seconds: when, and with what; empty if it is kept."""
    began = time.monotonic()
    reply = client.hear_within(seconds)
    if not reply and not client.ended:
        return ""
    return f"closed after {math.ceil(time.monotonic() - began)} s" + (f", with {reply.text}" if reply else "")


@pytest.mark.clock(SO_FAR / 10)
@pytest.mark.judges("time.idle")
@pytest.mark.parametrize("state", ["greeted", "ehlo", "mail", "rcpt"])
def test_idle(case: Case, state: str) -> None:
    """A silent client is kept for five minutes; only with --long are they waited out."""
    client, seconds = case.client(state), FIVE_MINUTES if case.tester.long else SO_FAR
    if closed := sent_away(client, seconds):
        case.warn("a silent client is not kept for five minutes", "open for 300 s", closed, about=[client])
    elif not case.tester.long:
        case.record.notes.append(f"time.idle: kept for {seconds:g} s so far; --long waits the five minutes out")


@pytest.mark.clock(SO_FAR / 10)
@pytest.mark.judges("time.data")
def test_data(case: Case) -> None:
    """A client that falls silent within its data may be closed on after three minutes; when it is is reported."""
    if not case.tester.long:
        raise Skipped("five minutes long: ask for it with --long")
    client = case.client("data")
    end = sent_away(client, FIVE_MINUTES) or f"open for {FIVE_MINUTES:g} s"
    case.note(f"silent within the data: {end}", about=[client])
    client.vanish()


@pytest.mark.judges("time.reply")
def test_reply(case: Case) -> None:
    """Replies come before clients give up waiting for them; how slow they are is reported."""
    client = case.unconnected_client()
    took = {"the greeting": client.open().at - client.wire.connected}
    client.reach("ehlo")
    for verb in ("MAIL", "RCPT", "DATA"):
        took[verb] = client.set_up(client.plain(verb)).at - client.wire.sent
    took["the end of data"] = client.deliver_content(client.message()).at - client.wire.sent
    late = [f"{what} is answered after {seconds:.0f} s" for what, seconds in took.items() if seconds > PATIENCE[what]]
    slowest = max(took.values())
    within = next((step for step in STEPS if slowest <= step), math.ceil(slowest))
    case.note("; ".join(late) or f"each reply came within {within:g} s", about=[client])


@pytest.mark.clock(SO_FAR / 10)
@pytest.mark.judges("time.never")
def test_never(case: Case) -> None:
    """A client that is silent for twenty minutes and still kept is reported: such a server can be filled up."""
    if not (case.tester.long and case.tester.patient):
        raise Skipped("twenty minutes long: ask for it with --long and --patient")
    client = case.client()
    end = sent_away(client, TWENTY_MINUTES) or "still open after twenty minutes"
    case.note(f"silent: {end}", about=[client])
