"""Closing and losing the connection: what ends it, what is lost with it, and who is served meanwhile."""

import os
import signal

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.harness.wire.reply import Reply
from conformance.rfc5321 import codes
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.scene import shown
from conformance.rfc5321.session import STATES

ERRORS = {
    "unknown": ("ehlo", "XFROB"),
    "syntax": ("ehlo", "MAIL FROM:<a@b"),
    "order": ("ehlo", "RCPT"),
    "recipient": ("mail", "RCPT TO:<{bad}>"),
    "none": ("ehlo", "NOOP"),
}
"""What is refused, and where."""


@pytest.mark.judges("close.error", control={"error": "none"})
@pytest.mark.parametrize("error", [error for error in ERRORS if error != "none"])
def test_error(case: Case, error: str) -> None:
    """One refused command does not end the session: NOOP after it is answered 250."""
    state, line = ERRORS[error]
    if error == "recipient" and not case.tester.bad_recipient:
        raise Skipped("not given: name --bad-recipient")
    client = case.client(state)
    reply = client.say(client.plain(line.replace("{bad}", case.tester.bad_recipient or "")))
    if reply.code == "421":
        raise Skipped(f"the server is leaving: {shown(reply)}")
    client.expect_code("NOOP", "250", requirement="noop.250")


@pytest.mark.judges("close.lost-data")
@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("place", ["recipient", "354", "data"])
def test_lost_data(case: Case, place: str, reset: bool) -> None:
    """A connection that is lost before the end of data takes its transaction with it: nothing is delivered."""
    client = case.client()
    message = client.message()
    sender = case.sender if place == "data" else f"{message.mark}@{case.sender_domain}"
    client.set_up(f"MAIL FROM:<{sender}>")
    client.set_up(client.plain("RCPT"))
    if place != "recipient":
        client.set_up("DATA")
    if place == "data":
        client.send(message.data[: len(message.data) // 2])
    client.vanish(reset)
    if not case.never_arrives(message):
        raise client.breach(f"mail is delivered of a client that was lost at: {place}", "no mail", "mail")


@pytest.mark.judges("close.lost-dot")
@pytest.mark.parametrize("missing", [b"\r\n", b"\n"], ids=["dot", "dot-CR"])
def test_lost_dot(case: Case, missing: bytes) -> None:
    """A connection that is lost within the end of data, whose dot has come alone, delivers nothing."""
    client = case.client("data")
    message = client.message()
    client.send(message.data.removesuffix(missing))
    client.vanish()
    if not case.never_arrives(message):
        raise client.breach("a message is delivered whose end of data was not complete", "no mail", "mail")


@pytest.mark.judges("close.keeps-done")
def test_keeps_done(case: Case) -> None:
    """A message that was taken is delivered, though the connection is lost within the next one."""
    client = case.client()
    done, lost = client.message(), client.message()
    client.deliver(done)
    client.begin()
    client.send(lost.data[: len(lost.data) // 2])
    client.vanish()
    if case.never_arrives(lost) and not case.arrived(done):
        raise client.breach("a message that was taken is gone with the connection", "it is delivered", "no mail")


@pytest.mark.judges("close.after-eod")
@pytest.mark.parametrize("half", [False, True], ids=["closed", "half-closed"])
def test_after_end_of_data(case: Case, half: bool) -> None:
    """A client that leaves right after the end of data may have sent its message or not; which is reported."""
    client = case.client("data")
    message = client.message()
    client.send(message.data)
    answer = "its reply unread"
    if half:
        client.wire.half_close()
        reply = client.hear_or_end()
        answer = f"answered {reply.code}" if reply else "not answered"
    client.vanish()
    came = "not delivered" if case.never_arrives(message) else "delivered"
    case.note(f"{'half closed' if half else 'closed'} after the end of data: {answer}, {came}", about=[client])


@pytest.mark.alone()
@pytest.mark.judges("close.shutdown")
def test_shutdown(case: Case) -> None:
    """A server that is stopped from outside tells a client that is idle with a 421."""
    client = case.client()
    processes = case.server.processes()
    if not processes:
        raise Skipped("its processes cannot be seen" if case.tester.launched else "only of a server that is started")
    try:
        os.kill(processes[0], signal.SIGTERM)
        reply = client.hear_within(10.0)
        ended = client.left_within(1.0)
    finally:
        case.server.restart({})
    if reply is None and not ended:
        raise Skipped("it does not stop at SIGTERM")
    if reply is None or reply.code != "421":
        raise client.breach(
            "an idle client is not told that the server stops", "421", reply.text if reply else "closed"
        )


def _expect_served(case: Case) -> None:
    """Judge that a new client is greeted, with a 4yz at worst."""
    client = case.unconnected_client()
    client.connect()
    if not client.hear_within(case.patient):
        came = "closed" if client.ended else "nothing"
        case.close()  # or those who keep it from that would be there when it is tried again
        raise client.breach("a new client is not greeted", "220", came)


@pytest.mark.judges("close.serves-on")
@pytest.mark.places(6)
def test_serves_beside_silent(case: Case) -> None:
    """A new client is greeted while four are silent, and one sends commands and never reads."""
    deaf = case.client()
    if case.tester.local:
        deaf.pour(f"{deaf.plain('EHLO')}\r\n".encode("latin-1") * 30_000)
    for _ in range(4):
        case.unconnected_client().connect()
    _expect_served(case)
    deaf.vanish()


@pytest.mark.judges("close.serves-on")
@pytest.mark.parametrize("state", STATES)
def test_serves_after_reset(case: Case, state: str) -> None:
    """A new client is greeted after one that has reset its connection."""
    case.client(state).vanish(reset=True)
    _expect_served(case)


@pytest.mark.judges("close.serves-on")
def test_serves_after_garbage(case: Case) -> None:
    """A new client is greeted after one that sent bytes at random."""
    client = case.client("greeted")
    client.send(case.words.random.randbytes(2_000) + b"\r\n")
    client.hear_or_end()
    client.vanish()
    _expect_served(case)


@pytest.mark.judges("close.serves-on")
def test_serves_after_long_line(case: Case) -> None:
    """A new client is greeted after one that sent a line of 100,000 octets."""
    client = case.client()
    client.send(b"NOOP " + 100_000 * b"x" + b"\r\n")
    client.hear_or_end()
    client.vanish()
    _expect_served(case)


@pytest.mark.judges("conn.parallel", control={"beside": False})
@pytest.mark.parametrize("beside", [True], ids=["beside"])
@pytest.mark.places(2)
def test_parallel(case: Case, beside: bool) -> None:
    """While a client is within its data another one sends a message and gets its 250."""
    first, other = case.client("data"), case.unconnected_client()
    message = first.message()
    first.send(message.data[: len(message.data) // 2])
    if not beside:
        first.content(message.data[len(message.data) // 2 :])
        first.quit()
    other.connect()
    _served(case, other, b"")
    other.hello = _served(case, other, f"{other.plain('EHLO')}\r\n".encode("latin-1"))
    other.secure()
    for line in ("MAIL", "RCPT", "DATA"):
        _served(case, other, f"{other.plain(line)}\r\n".encode("latin-1"))
    _served(case, other, other.message().data)
    if beside:
        first.content(message.data[len(message.data) // 2 :])


def _served(case: Case, client: Client, said: bytes) -> Reply:
    """Judge that a client gets a reply while another one is within its data."""
    if said:
        client.send(said)
    reply = client.hear_within(case.patient)
    if not reply:
        case.close()  # or the other one would be there when it is tried again
        raise client.breach("a client has to wait for another one's end of data", "a reply", "none")
    if codes.refused(reply):
        raise Skipped(f"not served: {shown(reply)}")
    return reply
