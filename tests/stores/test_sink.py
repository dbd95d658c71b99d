"""What is relayed to the sink is kept byte by byte, with its envelope."""

import contextlib
import smtplib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from conformance.stores import sink
from conformance.stores.opening import open_store
from conformance.stores.sink import Sink
from conformance.stores.store import StoreError

MARK = b"mark7x"


@pytest.fixture
def store() -> Iterator[Sink]:
    opened = open_store("sink:0")
    assert isinstance(opened, Sink)
    yield opened
    opened.close()


def said(store: Sink, *parts: bytes) -> bytes:
    """What the sink answers to all this, until it hangs up."""
    with socket.create_connection(("127.0.0.1", store.port), timeout=30) as client:
        for part in parts:
            client.sendall(part)
        with contextlib.suppress(OSError):  # it may have hung up already
            client.shutdown(socket.SHUT_WR)
        answers = b""
        while piece := client.recv(65_536):
            answers += piece
        return answers


def codes(answers: bytes) -> list[int]:
    return [int(line[:3]) for line in answers.split(b"\r\n") if line[3:4] == b" "]


HEAD = b"EHLO a\r\nMAIL FROM:<s@a> SIZE=9\r\nRCPT TO:<r@b>\r\nDATA\r\n"


def test_a_client_of_the_standard_library_is_served(store: Sink) -> None:
    with smtplib.SMTP("127.0.0.1", store.port, timeout=30) as client:
        client.ehlo("me.test")
        assert client.has_extn("8bitmime") and client.has_extn("smtputf8") and not client.has_extn("chunking")
        assert client.sendmail("s@a", ["r@b", "t@c"], b"Subject: mark7x\r\n\r\n.one\r\n") == {}
        assert client.sendmail("", ["r@b"], b"Subject: other\r\n\r\n") == {}
    (found,) = store.find(MARK)
    assert (found.envelope_from, found.envelope_to) == ("s@a", ("r@b", "t@c"))
    assert (found.body, found.octets) == (b".one\r\n", b"Subject: mark7x\r\n\r\n..one\r\n")
    assert (store.exact, store.final) == (True, False)
    assert [message.envelope_from for message in store.find(b"other")] == [""]


@pytest.mark.parametrize(
    ("data", "raw"),
    [
        (b"mark7x\n.\nmark\r\n.\n..\r.\r\r\n", b"mark7x\r\n.\r\nmark\r\n\r\n..\r.\r\r\n"),
        (b"..\r\n...mark7x\r\n.x\r\n", b".\r\n..mark7x\r\nx\r\n"),
        (b"mark7x\x00\xff\r\n", b"mark7x\x00\xff\r\n"),
    ],
)
def test_bytes_are_kept_and_only_a_true_end_ends(store: Sink, data: bytes, raw: bytes) -> None:
    assert codes(said(store, HEAD + data + b".\r\nQUIT\r\n")) == [220, 250, 250, 250, 354, 250, 221]
    (found,) = store.find(MARK)
    assert (found.octets, found.raw) == (data, raw)


def test_an_end_in_pieces_is_one_and_a_message_may_be_empty(store: Sink) -> None:
    pieces = [bytes([octet]) for octet in b"mark7x\r\n.\r\nNOOP\r\n"]
    assert codes(said(store, HEAD, *pieces)) == [220, 250, 250, 250, 354, 250, 250]
    assert codes(said(store, HEAD + b".\r\nQUIT\r\n")) == [220, 250, 250, 250, 354, 250, 221]
    assert [len(found.octets) for found in store.find(b"")] == [8, 0]


def test_what_was_not_ended_is_not_kept(store: Sink) -> None:
    assert codes(said(store, HEAD + b"mark7x\r\n.\r")) == [220, 250, 250, 250, 354]
    assert store.find(MARK) == []


def test_commands_out_of_order_are_refused_and_lmtp_gets_a_reply_for_each(store: Sink) -> None:
    answers = said(store, b"HELO a\nRCPT TO:<a@b>\r\nDATA\r\nBDAT 1\r\nRSET\r\nQUIT\r\n")
    assert codes(answers) == [220, 250, 503, 503, 502, 250, 221]
    lines = b'LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<"a > b"@c>\r\nRCPT TO:d@e\r\nDATA\r\nmark7x\r\n.\r\nQUIT\r\n'
    assert codes(said(store, lines)) == [220, 250, 250, 250, 250, 354, 250, 250, 221]
    assert store.find(MARK)[0].envelope_to == ('"a > b"@c', "d@e")


def test_all_is_bounded(store: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sink, "LARGEST", 100_000)
    monkeypatch.setattr(sink, "MOST_KEPT", 150)
    monkeypatch.setattr(sink, "MOST_RECIPIENTS", 1)
    huge = b"mark7x" * 200_000 + b"\r\n.\r\nNOOP\r\n"
    assert codes(said(store, HEAD + huge))[-2:] == [552, 250]
    for number in b"123":
        said(store, HEAD + b"mark7x %c" % number + b"x" * 60 + b"\r\n.\r\n")
    assert [found.octets[7:8] for found in store.find(MARK)] == [b"2", b"3"]
    assert codes(said(store, HEAD[:-6] + b"RCPT TO:<b@c>\r\n"))[-1] == 452


def test_an_endless_line_ends_the_connection_and_others_are_served(store: Sink) -> None:
    with contextlib.suppress(ConnectionError):
        assert codes(said(store, b"x" * 1_000_000)) == [220]
    assert codes(said(store, b"QUIT\r\n")) == [220, 221]


def test_mail_that_comes_later_is_waited_for(store: Sink) -> None:
    assert store.wait_for(MARK, time.monotonic() + 0.1) == []
    said(store, HEAD + b"mark7x\r\n.\r\n")
    assert len(store.wait_for(MARK, time.monotonic() + 30)) == 1


@pytest.mark.parametrize("port", ["x", "99999", "-1", ""])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(StoreError):
        open_store(f"sink:{port}")


def test_a_port_that_is_taken_and_a_final_sink_are_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        threading.Thread(target=lambda: other.accept()[0].close(), daemon=True).start()
        with pytest.raises(StoreError, match="give another port, or 0"):
            open_store(f"sink:{other.getsockname()[1]}")
    with pytest.raises(StoreError, match="on its way"):
        open_store("sink:0", final=True)


def test_a_sink_that_is_open_already_is_asked_what_came(store: Sink) -> None:
    other = open_store(f"sink:{store.port}")
    assert (other.find(MARK), other.exact, other.final) == ([], True, False)
    said(
        store, HEAD.replace(b"RCPT", "RCPT TO:<r\u00e9@b>\r\nRCPT".encode()) + b"A: mark7x\r\n\r\n..\r\n\xff\0\r\n.\r\n"
    )
    said(store, HEAD.replace(b"<s@a>", b"<\xff@a>") + b"mark7x again\r\n.\r\n")
    said(store, HEAD + b"without it\r\n.\r\n")
    found = other.find(MARK)
    assert found == store.find(MARK) and len(found) == 2
    assert found[0].body == b".\r\n\xff\0\r\n"
    store.close()
    with pytest.raises(StoreError):
        other.find(MARK)


def test_nobody_else_is_taken_for_a_sink(store: Sink) -> None:
    other = open_store(f"sink:{store.port}")
    port = store.port
    store.close()
    with socket.create_server(("127.0.0.1", port)) as stranger:

        def serve() -> None:
            with stranger.accept()[0] as client:
                client.sendall(b"220 some.example ESMTP\r\n")

        threading.Thread(target=serve, daemon=True).start()
        with pytest.raises(StoreError, match="no sink"):
            other.find(MARK)
