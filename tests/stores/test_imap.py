"""Mail is read from a server that speaks IMAP, as far as it does so well."""

import contextlib
import re
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from conformance.stores import imap
from conformance.stores.opening import open_store
from conformance.stores.store import StoreError
from reference_server.tls import self_made

MARK = b"mark7x"
MESSAGE = b"Subject: mark7x\r\n\r\nHello\r\n"
DRIP = b"one byte after the other"
OTHER = b"Subject: other\r\n\r\nmark 7x\r\n"


class Box(socketserver.ThreadingTCPServer):
    """One folder, `In box`, for the user `me` with the password `secret "word"`.

    Attributes:
        messages: what lies in it.
        odd: what is sent in the place of the answer to a command that has this word.
        heard: all commands.
        tls: what it has for STARTTLS; None where it does not offer that.
    """

    allow_reuse_address = daemon_threads = True
    block_on_close = False

    def __init__(self, messages: list[bytes], odd: dict[bytes, bytes]) -> None:
        self.messages, self.odd, self.heard = messages, odd, list[bytes]()
        self.tls: ssl.SSLContext | None = None
        self.over = threading.Event()
        super().__init__(("127.0.0.1", 0), Client)

    def answer(self, words: bytes) -> bytes:
        if words.startswith(b"CAPABILITY"):
            return b"* CAPABILITY IMAP4rev1%s\r\nOK\r\n" % (b" STARTTLS" if self.tls else b"")
        if words.startswith(b"LOGIN"):
            return b"OK\r\n" if words == rb'LOGIN me "secret \"word\""' else b"NO wrong\r\n"
        if words.startswith(b"EXAMINE"):
            return b"* %d EXISTS\r\nOK\r\n" % len(self.messages) if words == b'EXAMINE "In box"' else b"NO none\r\n"
        if words.startswith(b"UID SEARCH"):  # it finds too much: all that a word index would
            return b"* SEARCH %s\r\nOK\r\n" % b" ".join(b"%d" % at for at in range(1, len(self.messages) + 1))
        if match := re.match(rb"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.\d+>\)", words):
            data = self.messages[int(match[1]) - 1]
            return b"* 1 FETCH (UID %s BODY[]<0> {%d}\r\n%s)\r\nOK\r\n" % (match[1], len(data), data)
        return b"* BYE\r\nOK\r\n" if words == b"LOGOUT" else b"BAD\r\n"


class Client(socketserver.StreamRequestHandler):
    server: Box

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self.wfile.write(b"* OK ready\r\n")
            while line := self.rfile.readline():
                self.hear(*line.rstrip().split(b" ", 1))

    def hear(self, tag: bytes, words: bytes) -> None:
        self.server.heard.append(words)
        if words == b"STARTTLS" and self.server.tls:
            self.wfile.write(tag + b" OK so\r\n")
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
            self.setup()
            return
        odd = next((said for word, said in self.server.odd.items() if word in words), None)
        while odd == DRIP:
            self.wfile.write(b"*")
            self.server.over.wait(0.05)
        answer = self.server.answer(words) if odd is None else odd
        self.wfile.write(re.sub(rb"(?m)^(OK|NO|BAD)", tag + rb" \1 so", answer))


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Box]]:
    monkeypatch.setenv(imap.PASSWORD, 'secret "word"')
    boxes = []

    def start(messages: list[bytes], odd: dict[bytes, bytes] | None = None) -> Box:
        boxes.append(Box(messages, odd or {}))
        threading.Thread(target=boxes[-1].serve_forever, args=(0.05,), daemon=True).start()
        return boxes[-1]

    yield start
    for box in boxes:
        box.shutdown()
        box.server_close()


def spec(box: Box, user: str = "me", folder: str = "In%20box") -> str:
    return f"imap://{user}@127.0.0.1:{box.server_address[1]}/{folder}"


def test_messages_with_the_mark_are_fetched_and_nothing_is_changed(serve: Callable[..., Box]) -> None:
    box = serve([OTHER, MESSAGE])
    store = open_store(spec(box), final=True)
    assert [found.octets for found in store.find(MARK)] == [MESSAGE]
    assert (store.final, store.exact) == (True, False)
    box.messages.append(b"X: mark7x\r\n\r\n")
    assert len(store.wait_for(MARK, time.monotonic() + 30, count=2)) == 2
    store.close()
    assert box.heard[-1] == b"LOGOUT"
    assert not any(b"STORE" in words or b"SELECT" in words for words in box.heard)


def test_a_password_goes_through_tls_where_that_is_offered(serve: Callable[..., Box]) -> None:
    box = serve([MESSAGE])
    box.tls = self_made("localhost")
    assert box.tls, "the tests of TLS need the program openssl"
    store = open_store(spec(box))
    assert [found.octets for found in store.find(MARK)] == [MESSAGE]
    store.close()
    begun = box.heard.index(b"STARTTLS")
    assert [words for words in box.heard[:begun] if not words.startswith(b"CAPABILITY")] == []


def test_an_empty_folder_has_no_messages(serve: Callable[..., Box]) -> None:
    store = open_store(spec(serve([], {b"SEARCH": b"* SEARCH\r\nOK\r\n"})))
    assert store.find(MARK) == []
    store.close()


@pytest.mark.parametrize(
    "odd",
    [
        {b"SEARCH": b"NO\r\n"},
        {b"SEARCH": b"\x00\x1b[2J\r\n\r\n"},
        {b"SEARCH": b"x" * 2_000_000},
        {b"SEARCH": b"* SEARCH 1\r\n" * 20_000},
        {b"FETCH": b"* 1 FETCH (BODY[] {99999999999}\r\n"},
        {b"FETCH": b"* 1 FETCH (BODY[] {-5}\r\n)\r\nOK\r\n"},
        {b"EXAMINE": b"* BYE\r\n"},
        {b"CAPABILITY": b"* OK more\r\n" * 2 * imap.MOST_LINES},
    ],
    ids=[
        "refusal",
        "rubbish",
        "a long line",
        "a flood",
        "a huge literal",
        "a literal of negative size",
        "an end",
        "lines",
    ],
)
def test_a_server_that_does_not_answer_well_is_an_error_of_one_line(
    serve: Callable[..., Box], odd: dict[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "LARGEST", 100_000)
    store = open_store(spec(serve([MESSAGE], odd)))
    with pytest.raises(StoreError) as error:
        store.find(MARK)
    assert str(error.value).isprintable() and str(error.value).isascii()
    store.close()


@pytest.mark.parametrize("odd", [DRIP, b"* SEARCH 1\r\n"], ids=["drips", "never ends"])
def test_a_server_that_takes_too_long_is_given_up(
    serve: Callable[..., Box], monkeypatch: pytest.MonkeyPatch, odd: bytes
) -> None:
    monkeypatch.setattr(imap, "PATIENCE", 1.0)
    store = open_store(spec(serve([MESSAGE], {b"SEARCH": odd})))
    began = time.monotonic()
    with pytest.raises(StoreError):
        store.find(MARK)
    assert time.monotonic() - began < 30
    store.close()


def test_lines_of_a_server_that_has_just_greeted_are_counted_as_well(serve: Callable[..., Box]) -> None:
    store = open_store(spec(serve([], {b"CAPABILITY": b"* OK more\r\n" * 2 * imap.MOST_LINES})))
    with pytest.raises(StoreError, match="more lines than"):
        store.find(MARK)


def test_a_server_that_never_greets_is_given_up(serve: Callable[..., Box], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "PATIENCE", 0.5)
    serve([])  # for the password
    with socket.create_server(("127.0.0.1", 0)) as listener:
        store = open_store(f"imap://me@127.0.0.1:{listener.getsockname()[1]}/INBOX")
        with pytest.raises(StoreError):
            store.find(MARK)


@pytest.mark.parametrize(
    ("user", "folder", "told"),
    [("you", "In%20box", "wrong"), ("me", "Trash", "none"), ("me", "", "none")],
)
def test_a_refused_login_or_folder_is_told(serve: Callable[..., Box], user: str, folder: str, told: str) -> None:
    with pytest.raises(StoreError, match=told):
        open_store(spec(serve([]), user, folder)).find(MARK)


def test_after_an_error_one_logs_in_again(serve: Callable[..., Box]) -> None:
    box = serve([MESSAGE], {b"SEARCH": b"NO\r\n"})
    store = open_store(spec(box))
    with pytest.raises(StoreError):
        store.find(MARK)
    box.odd.clear()
    assert len(store.find(MARK)) == 1
    store.close()


def test_a_mark_that_would_end_the_question_is_refused(serve: Callable[..., Box]) -> None:
    box = serve([MESSAGE])
    with pytest.raises(StoreError, match="without quotes"):
        open_store(spec(box)).find(b'x"\r\na LOGOUT')
    assert box.heard == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("imap://127.0.0.1/INBOX", "write imap://user@host/FOLDER"),
        ("imaps://me@/INBOX", "write imap://"),
        ("imap://me@host:port/INBOX", "write imap://"),
        ("imap:INBOX", "write imap://"),
        ("imap://me@host/a%0d%0ab", "write imap://"),
        ("imap://me:pass@host/INBOX", "me:...@host"),
    ],
)
def test_a_wrong_spec_is_refused(monkeypatch: pytest.MonkeyPatch, text: str, told: str) -> None:
    monkeypatch.setenv(imap.PASSWORD, "secret")
    with pytest.raises(StoreError, match=told) as error:
        open_store(text)
    assert "pass@" not in str(error.value)


def test_without_a_password_it_is_said_where_it_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(imap.PASSWORD, raising=False)
    with pytest.raises(StoreError, match=imap.PASSWORD):
        open_store("imap://me@127.0.0.1/INBOX")
