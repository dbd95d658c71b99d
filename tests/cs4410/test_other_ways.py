"""Set-up steps find another way where there is one: no greeting, another one, or a connection for each message."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest

from conformance.cs4410.case import Case
from conformance.cs4410.kind import KIND
from conformance.cs4410.profile import PROFILE
from conformance.harness.run.bench import Bench, Plan
from conformance.harness.server.target import Addressed
from conformance.harness.verdict.verdict import Record
from conformance.harness.wire.manners import Manners
from tests.cs4410.listening import Listening
from tests.harness.plain import PLAIN

SETTINGS = replace(PLAIN, target="127.0.0.1:1", time_limit=5.0)
REPLIES = {
    b"HELO": b"250 me\r\n",
    b"MAIL": b"250 2.1.0 OK\r\n",
    b"RCPT": b"250 2.1.5 OK\r\n",
    b"DATA": b"354 End data with <CR><LF>.<CR><LF>\r\n",
}
GREETING = b"220 me SMTP CS4410MP3\r\n"
Hold = Callable[..., Record]


class Server(Listening):
    """A server of some habits.

    Args:
        greeting: what it greets with; may be empty.
        late: whether the greeting comes with the first reply.
        one_message: whether it closes after a message.
        reset: whether it does so with a reset, as the kernel does where something is still unread.
        replies: what it replies to some verbs; a body follows DATA if the reply is 2xx or 3xx.
    """

    def __init__(
        self,
        greeting: bytes = GREETING,
        late: bool = False,
        one_message: bool = False,
        reset: bool = False,
        replies: dict[bytes, bytes] | None = None,
    ) -> None:
        self._replies = REPLIES | (replies or {})
        self._greeting, self._late, self._one_message, self._reset = greeting, late, one_message, reset
        super().__init__()

    def _talk(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, client.makefile("rb") as lines:
            before = self._greeting if self._late else b""
            client.sendall(b"" if self._late else self._greeting)
            body = False
            for line in lines:
                if body and line != b".\r\n":
                    continue
                unknown = b"502 5.5.2 Error: command not recognized\r\n"
                reply = b"250 OK: delivered message 7\r\n" if body else self._replies.get(line[:4], unknown)
                client.sendall(before + reply)
                if body and self._one_message:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", self._reset, 0))
                    return
                before, body = b"", line[:4] == b"DATA" and not body and not reply.startswith(b"5")


@pytest.fixture
def hold() -> Iterator[Hold]:
    """Hold a case on a server; what failed at the first look is named."""
    with contextlib.ExitStack() as stack:

        def hold_one(
            server: Server, body: Callable[[Case], object], *requirements: str, failed: Sequence[str] = ()
        ) -> Record:
            stack.callback(server.close)
            bench = Bench(Addressed(KIND, server.address, Manners(), None, "not seen"), SETTINGS, PROFILE, failed)

            def case_body(case: Case) -> None:
                body(case)

            return bench.run(Plan("cs4410/test_x.py::test_x", "Title.", requirements, case_body))

        yield hold_one


def accept_sender(case: Case) -> None:
    case.client("greeted").expect("MAIL FROM: a")


@pytest.mark.parametrize("greeting", [b"Welcome!\r\n", b"250 me\r\n", b"220 Welcome to me\r\n"])
def test_another_greeting_hides_nothing(hold: Hold, greeting: bytes) -> None:
    assert hold(Server(greeting), accept_sender, "mail").verdict == "pass"
    record = hold(Server(greeting), lambda case: case.client(), "greeting")
    assert (record.verdict == "fail") == (not greeting.startswith(b"220"))


def test_a_greeting_that_sends_the_client_away_blocks(hold: Hold) -> None:
    record = hold(Server(b"421 too busy\r\n"), accept_sender, "mail")
    assert (record.verdict, record.blocked_by) == ("blocked", "greeting")


@pytest.mark.parametrize("late", [False, True])
def test_a_server_that_is_known_to_greet_nobody_is_spoken_to(hold: Hold, late: bool) -> None:
    silent = Server(GREETING if late else b"", late)
    assert hold(silent, accept_sender, "mail", failed=["greeting"]).verdict == "pass"


def test_one_that_does_not_answer_either_is_not(hold: Hold) -> None:
    record = hold(Server(b""), accept_sender, "mail", failed=["greeting", "reply.one"])
    assert (record.verdict, record.blocked_by) == ("blocked", "greeting")


def test_what_names_no_server_is_held_against_the_reply_to_helo(hold: Hold) -> None:
    record = hold(Server(b"220 Welcome\r\n"), lambda case: case.client().ask("HELO client"), "netid")
    assert (record.verdict, record.blocked_by) == ("blocked", "greeting")


def test_whoever_is_greeted_by_nobody_asks_to_be_served(hold: Hold) -> None:
    def is_served(case: Case) -> None:
        client = case.unconnected_client()
        client.connect()
        assert client.is_greeted(client.wire.connected + 30.0)

    assert hold(Server(b""), is_served, "pool.32", failed=["greeting"]).verdict == "pass"


@pytest.mark.parametrize("reset", [False, True])
def test_the_next_message_has_a_connection_of_its_own_where_it_needs_one(hold: Hold, reset: bool) -> None:
    def deliver_three(case: Case) -> None:
        client = case.client("greeted")
        for _ in range(3):
            client.begin_message()
            client.expect_delivered(b"text\r\n")

    assert hold(Server(one_message=True, reset=reset), deliver_three, "delivered").verdict == "pass"
    record = hold(Server(one_message=True, reset=reset), deliver_three, "after.forgets")
    assert (record.verdict, record.findings[0].reason) == ("fail", "the server closed the connection after a message")


def test_a_close_after_a_message_is_no_time_out(hold: Hold) -> None:
    record = hold(Server(one_message=True), lambda case: case.client("delivered").stay_silent(0.1), "time.early")
    assert (record.verdict, record.blocked_by) == ("blocked", "after.forgets")


@pytest.mark.parametrize("replies", [{b"HELO": b"550 go away\r\n"}, {b"DATA": b"250 go on\r\n"}], ids=["HELO", "DATA"])
def test_a_refusal_that_means_nothing_hides_nothing(hold: Hold, replies: dict[bytes, bytes]) -> None:
    def deliver(case: Case) -> None:
        case.client("body").expect_delivered(b"text\r\n")

    assert hold(Server(replies=replies), deliver, "delivered").verdict == "pass"


def test_a_refusal_that_means_it_blocks(hold: Hold) -> None:
    refused = {verb: b"550 no\r\n" for verb in REPLIES}
    record = hold(Server(replies=refused), accept_sender, "mail")
    assert (record.verdict, record.blocked_by) == ("blocked", "helo")
