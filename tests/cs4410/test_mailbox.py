"""Reading mailboxes: every liberty that the assignment leaves, and every way of being wrong."""

from __future__ import annotations

import os
import threading
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.cs4410 import mailbox
from conformance.cs4410.mailbox import Entry, Folder, Message, Unreadable, differences, parse, same_body

DEADLINE = 30.0
MESSAGE = Message("client", "a@b", ("c@d",), b"one\r\n\r\ntwo\r\n", 1)
KEPT = b"Received: from client by netid (CS4410MP3)\nNumber: 1\nFrom: a@b\nTo: c@d\n\none\n\ntwo\n\n"


def kept(message: Message = MESSAGE) -> bytes:
    """A message as the handout shows it, with LF."""
    head = [f"Received: from {message.host} by netid (CS4410MP3)"]
    head += [f"Number: {message.number}", f"From: {message.sender}"]
    head += [f"To: {one}" for one in message.recipients]
    return "\n".join(head).encode("latin-1") + b"\n\n" + message.body.replace(b"\r\n", b"\n") + b"\n"


def only(data: bytes) -> Entry:
    [entry] = parse(data)
    return entry


def wrong(data: bytes, message: Message = MESSAGE) -> str:
    return "; ".join(differences(only(data), message).values())


# Taking a file apart


@pytest.mark.parametrize("data", [b"", b"\n", b"\r\n\r\n", b"  \n"])
def test_an_empty_mailbox_has_no_entries(data: bytes) -> None:
    assert parse(data) == []


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_an_entry_is_read_with_either_line_end(end: bytes) -> None:
    entry = only(KEPT.replace(b"\n", end))
    assert entry == Entry(memoryview(KEPT), 1, KEPT.index(b"one"), "client", "netid", "a@b", ("c@d",))
    assert bytes(entry.body) == b"one\n\ntwo\n\n"
    assert differences(entry, MESSAGE) == {}


def test_entries_keep_the_order_of_the_file() -> None:
    data = b"".join(kept(replace(MESSAGE, number=number)) for number in (2, 1, 3, 3))
    assert [entry.number for entry in parse(data)] == [2, 1, 3, 3]
    assert b"".join(entry.raw for entry in parse(data)) == data


def test_more_empty_lines_between_entries_are_free() -> None:
    second = replace(MESSAGE, number=2)
    first, next_ = parse(kept() + b"\n\n\n" + kept(second))
    assert (differences(first, MESSAGE), differences(next_, second)) == ({}, {})


def test_empty_lines_before_the_first_entry_are_free() -> None:
    assert [entry.number for entry in parse(b"\n\n" + KEPT)] == [1]


def test_garbage_before_the_first_entry_is_an_entry_without_a_number() -> None:
    assert [(entry.number, bytes(entry.raw)) for entry in parse(b"stale\n" + KEPT)] == [(-1, b"stale\n"), (1, KEPT)]


def test_garbage_alone_is_an_entry_without_a_number() -> None:
    assert [(entry.number, entry.netid) for entry in parse(b"stale")] == [(-1, "")]


@pytest.mark.parametrize(
    "body",
    [
        b"Received: from here to there\r\n",
        b"Received: from a by b\r\n",
        b"Received: from client by netid (CS4410MP3)\r\nNo number\r\n",
        b" Received: from client by netid (CS4410MP3)\r\nNumber: 1\r\nFrom: a\r\n",
        b"Number: 7\r\nFrom: x\r\nTo: y\r\n\r\n",
        b"To: someone\r\n\r\nTo: another\r\n",
        b"From someone\r\n",
    ],
)
def test_a_body_that_looks_like_a_head_is_a_body(body: bytes) -> None:
    message = replace(MESSAGE, body=body)
    assert wrong(kept(message), message) == ""


@pytest.mark.parametrize("line", KEPT.split(b"\n")[:4])
def test_a_missing_line_of_the_head_is_seen(line: bytes) -> None:
    data = KEPT.replace(line + b"\n", b"")
    if line.startswith(b"To"):
        assert "To: []" in wrong(data)
    else:
        assert "of the entry is" in wrong(data)


@pytest.mark.parametrize(
    ("right", "instead"),
    [
        (b"Received: from client by netid (CS4410MP3)", b"Received: from client by netid"),
        (b"Received: from client by netid", b"Received: client by netid"),
        (b"Number: 1\nFrom: a@b\n", b"From: a@b\nNumber: 1\n"),
        (b"Number: 1", b"Number: one"),
        (b"Number: 1", b"Number:1"),
        (b"To: c@d\n\n", b"To: c@d\n"),
        (b"From: a@b\n", b"From: a@b\nSubject: x\n"),
    ],
)
def test_a_head_in_another_form_is_seen(right: bytes, instead: bytes) -> None:
    assert "of the entry is" in wrong(KEPT.replace(right, instead))


def test_the_number_of_a_broken_head_is_still_read() -> None:
    assert only(KEPT.replace(b"From: a@b\n", b"")).number == 1


@pytest.mark.parametrize(
    ("right", "instead", "differs"),
    [
        (b"Received: from client by netid (CS4410MP3)", b"Received from client by netid", ["form"]),
        (b"Received: from client by netid", b"Received: client by netid", ["form"]),
        (b"Number: 1\nFrom: a@b\n", b"From: a@b\nNumber: 1\n", ["form"]),
        (b"From: a@b\nTo: c@d\n", b"To: c@d\nFrom: a@b\n", ["form"]),
        (b"Number: 1\n", b"", ["form"]),
        (b"Number: 1", b"Number:1", ["form"]),
        (b"To: c@d\n\n", b"To: c@d\n", ["form"]),
        (b"Received: from client by netid (CS4410MP3)\n", b"", ["form"]),
        (b"Received: from client by netid (CS4410MP3)\nNumber", b"Received from x by y\nNumber", ["form", "host"]),
        (b"To: c@d\n\none", b"To: c@d\nnone", ["form", "body"]),
    ],
)
def test_a_head_in_another_form_hides_nothing_else(right: bytes, instead: bytes, differs: list[str]) -> None:
    several = b"".join(kept(replace(MESSAGE, number=number)) for number in (1, 1))
    entries = parse(several.replace(right, instead))
    assert [list(differences(entry, MESSAGE)) for entry in entries] == [differs] * 2


def test_an_odd_head_among_others_is_no_part_of_the_body_before_it() -> None:
    odd = kept(replace(MESSAGE, number=2)).replace(b"Received: from", b"Received from")
    assert [entry.number for entry in parse(KEPT + odd + KEPT)] == [1, 2, 1]
    assert differences(parse(KEPT + odd)[0], MESSAGE) == {}


# Comparing


@pytest.mark.parametrize(
    ("sent", "data"),
    [
        (replace(MESSAGE, sender="<a@b>"), KEPT),
        (replace(MESSAGE, sender="<a@b>"), KEPT.replace(b"a@b", b"<a@b>")),
        (replace(MESSAGE, recipients=("<c@d>",)), KEPT),
        (replace(MESSAGE, recipients=("<c@d>",)), KEPT.replace(b"c@d", b"<c@d>")),
        (replace(MESSAGE, recipients=("c@d", "c@d")), KEPT),
        (replace(MESSAGE, recipients=("c@d", "c@d")), KEPT.replace(b"To: c@d\n", b"To: c@d\nTo: c@d\n")),
        (replace(MESSAGE, recipients=("c@d", "<c@d>", "e")), KEPT.replace(b"To: c@d\n", b"To: c@d\nTo: e\n")),
        (replace(MESSAGE, recipients=("e", "c@d")), KEPT.replace(b"To: c@d\n", b"To: c@d\nTo: e\n")),
        (replace(MESSAGE, body=b""), KEPT.replace(b"one\n\ntwo\n", b"")),
        (replace(MESSAGE, body=b""), KEPT.replace(b"one\n\ntwo\n\n", b"")),
        (replace(MESSAGE, sender="\xe9"), KEPT.replace(b"a@b", b"\xe9")),
    ],
)
def test_liberties(sent: Message, data: bytes) -> None:
    assert wrong(data, sent) == ""


@pytest.mark.parametrize(
    ("right", "instead", "said"),
    [
        (b"Number: 1", b"Number: 2", "Number: 2, though the reply told 1"),
        (b"from client", b"from Client", "from 'Client' instead of 'client'"),
        (b"from client", b"from client  ", "from 'client  ' (2 blanks at its end) instead of 'client'"),
        (b"From: a@b", b"From: A@b", "From: 'A@b'"),
        (b"From: a@b", b"From: <a@b>", "From: '<a@b>'"),
        (b"From: a@b", b"From: ", "From: ''"),
        (b"To: c@d", b"To: c@d\nTo: x", "To: ['c@d', 'x']"),
        (b"To: c@d", b"To: x", "To: ['x']"),
        (
            b" (CS4410MP3)",
            b"",
            "line 1 of the entry is 'Received: from client by netid' instead of Received: from HOST by",
        ),
        (
            b"To: c@d\n\n",
            b"To: c@d\n",
            "line 5 of the entry is 'one' instead of To: ADDRESS, or the empty line after it",
        ),
        (b"two", b"too", "line 3 of the body is 'too' instead of 'two'"),
        (b"one\n\n", b"one\n", "line 2 of the body is 'two' instead of ''"),
        (b"one\n\n", b"\none\n\n", "line 1 of the body is '' instead of 'one'"),
        (b"two\n\n", b"two\n", "no empty line at the end"),
        (b"two\n\n", b"two", "no empty line at the end"),
        (b"two\n\n", b"two\n.\n\n", "the body has 4 lines instead of 3: line 4 is '.'"),
        (b"two\n\n", b"\n", "the body has only 1 of 3 lines"),
        (b"two", b"two ", "line 3 of the body is 'two ' (1 blank at its end) instead of 'two'"),
        (b"two", b"t\0" + b"o" * 99, "line 3 of the body is 't\\x00" + "o" * 46 + "' ... instead of 'two'"),
    ],
)
def test_what_is_wrong_is_said(right: bytes, instead: bytes, said: str) -> None:
    assert wrong(KEPT.replace(right, instead)).startswith(said)


def test_another_letter_case_is_told_apart_from_other_names() -> None:
    upper = replace(MESSAGE, host=MESSAGE.host.upper(), recipients=tuple(one.upper() for one in MESSAGE.recipients))
    assert list(differences(parse(kept(upper))[0], MESSAGE)) == ["case"]
    other = replace(upper, sender="somebody else")
    assert list(differences(parse(kept(other))[0], MESSAGE)) == ["sender", "case"]


def test_a_recipient_given_once_does_not_stand_twice() -> None:
    """Each recipient adds one `To:` line; only one that was given twice may have two."""
    assert "To: ['c@d', 'c@d']" in wrong(KEPT.replace(b"To: c@d\n", b"To: c@d\nTo: c@d\n"))


@pytest.mark.parametrize(
    ("have", "want", "same"),
    [
        (b"a\n", b"a\r\n", True),
        (b"a\r\n\r\n", b"a\r\n", True),
        (b"a", b"a\r\n", True),
        (b".a\n..\n", b"..a\r\n...\r\n", True),
        (b"..a\n...\n", b"..a\r\n...\r\n", True),
        (b".a\n...\n", b"..a\r\n...\r\n", True),
        (b"a\nb\n", b"b\r\na\r\n", False),
        (b" a\n", b"a\r\n", False),
        (b"a \n", b"a\r\n", False),
        (b"\x00\xff\n", b"\x00\xff\r\n", True),
        (b"\x00\n", b"\r\n", False),
        (b"a\rb\n", b"a\rb\r\n", True),
        (b"a\r\n", b"a\r\r\n", True),
        (b"a\nb\n", b"a\rb\r\n", False),
        (b"", b"\r\n\r\n", True),
    ],
)
def test_same_body(have: bytes, want: bytes, same: bool) -> None:
    assert same_body(have, want) is same


@pytest.mark.parametrize("piece", range(1, 9))
def test_a_large_body_is_compared_piece_by_piece(monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    monkeypatch.setattr(mailbox, "PIECE", piece)
    sent = b"one\r\n\r\n.two, longer\r\n\rthree\r\n"
    assert same_body(sent.replace(b"\r\n", b"\n"), sent)
    assert same_body(sent.replace(b"\r\n", b"\n") + b"\n\n", sent)
    assert not same_body(sent.replace(b"\r\n", b"\n") + b"four\n", sent)
    assert not same_body(sent.replace(b"\r\n", b"\n")[:-6], sent)


@pytest.mark.parametrize("spoil", [
    pytest.param(lambda kept: kept, id="right"),
    pytest.param(lambda kept: kept[:-100] + b"\n\n", id="cut"),
    pytest.param(lambda kept: kept.replace(b"long", b"lost"), id="other"),
    pytest.param(lambda kept: kept.replace(b"Received: from", b"Received from"), id="odd-head"),
])  # fmt: skip
def test_a_large_mailbox_is_held_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(mailbox, "PIECE", 100_000)
    large = replace(MESSAGE, body=b"a long line\r\n" * 500_000)
    (tmp_path / "mailbox").write_bytes(KEPT + spoil(kept(large)) + KEPT)
    os.utime(tmp_path / "mailbox", (1, 1))  # what was written just now is read again
    size = (tmp_path / "mailbox").stat().st_size
    tracemalloc.start()
    try:
        folder = Folder(tmp_path)
        first, entry, last = folder.entries()
        differences(entry, large)
        assert first == last and not folder.holds(b"no such mark")
        assert tracemalloc.get_traced_memory()[1] < 1.6 * size, "the file, and pieces"
    finally:
        tracemalloc.stop()


# Files


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "mailbox").write_bytes(KEPT)
    return Folder(tmp_path)


def write(folder: Folder, name: str, numbers: range) -> Path:
    path = folder.directory / name
    path.write_bytes(b"".join(kept(replace(MESSAGE, number=number)) for number in numbers))
    return path


def test_backups_are_known_by_their_names_and_stand_in_order(folder: Folder) -> None:
    for name in ("mailbox.33-64", "mailbox.1-32", "mailbox.97-128", "mailbox.1-32.part", "mailbox.1", "mailbox.x-y"):
        (folder.directory / name).touch()
    (folder.directory / "mailbox.65-96").mkdir()
    assert list(folder.backups()) == [(1, 32), (33, 64), (97, 128)]


def test_backups_of_an_earlier_run_are_left_out(folder: Folder) -> None:
    os.utime(write(folder, "mailbox.1-32", range(1, 33)), (1000, 1000))
    write(folder, "mailbox.33-64", range(33, 65))
    assert list(Folder(folder.directory, since=2000).backups()) == [(33, 64)]
    assert list(Folder(folder.directory, since=1000).backups()) == [(1, 32), (33, 64)]


def test_entries_are_those_of_the_backups_and_then_the_mailbox(folder: Folder) -> None:
    write(folder, "mailbox", range(65, 67))
    write(folder, "mailbox.33-64", range(33, 65))
    write(folder, "mailbox.1-32", range(1, 33))
    assert [entry.number for entry in folder.entries()] == list(range(1, 67))


def test_a_file_that_changed_is_read_again(folder: Folder) -> None:
    for count in (1, 2, 2, 1, 3):
        write(folder, "mailbox", range(1, count + 1))
        assert [entry.number for entry in folder.entries()] == list(range(1, count + 1))


@pytest.mark.parametrize("name", ["mailbox", "mailbox.1-32"])
def test_a_link_is_not_followed(name: str, tmp_path: Path) -> None:
    """The suite may read more than the server that has put it there."""
    own = tmp_path / "own"
    own.mkdir()
    for path in (tmp_path / "secret", own / "mailbox"):
        path.write_bytes(b"Received: from a by b (CS4410MP3)\nNumber: 1\nFrom: a\nTo: b\n\nsecret\n\n")
    assert len(Folder(own).entries()) == 1
    (own / name).unlink(missing_ok=True)
    (own / name).symlink_to(tmp_path / "secret")
    with pytest.raises(Unreadable, match=f"{name}: a symbolic link"):
        Folder(own).entries()


def test_a_mailbox_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="mailbox: No such file"):
        Folder(tmp_path).entries()
    (tmp_path / "mailbox").mkdir()
    with pytest.raises(Unreadable, match="mailbox: Is a directory"):
        Folder(tmp_path).entries()


def test_a_mailbox_without_end_is_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "LARGEST", 1000)
    with pytest.raises(Unreadable, match="larger"):
        mailbox.read(Path("/dev/zero"))


def test_a_mailbox_that_is_no_file_does_not_hold_the_reader_for_ever(tmp_path: Path) -> None:
    """A hostile server makes a FIFO: whoever opens it to read waits for a writer that never comes."""
    os.mkfifo(tmp_path / "mailbox")
    said: list[BaseException] = []

    def look() -> None:
        try:
            Folder(tmp_path).entries()
        except Unreadable as error:
            said.append(error)

    reader = threading.Thread(target=look, daemon=True)
    reader.start()
    reader.join(2.0)
    # Whoever still waits is let go.
    os.close(os.open(tmp_path / "mailbox", os.O_RDWR | os.O_NONBLOCK))
    reader.join(DEADLINE)
    assert said, "the reader waited for a writer"
