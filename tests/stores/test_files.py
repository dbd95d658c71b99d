"""Messages are found in files of every kind, and what a hostile server may leave there does no harm."""

import os
import threading
import time
from pathlib import Path

import pytest

from conformance.stores import files
from conformance.stores.files import Directory, Maildir
from conformance.stores.mbox import Mbox, split
from conformance.stores.opening import open_store
from conformance.stores.store import StoreError

MARK = b"mark7x"
MESSAGE = b"Received: from a by b; now\nSubject: mark7x\n\nHello\n"
LONG_AGO = time.time() - 3600


def lay(path: Path, data: bytes = MESSAGE, changed: float = LONG_AGO) -> Path:
    """Write a file that is no longer young, so that nobody waits for it to settle."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (changed, changed))
    return path


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ("maildir:{}", "new/1"),
        ("maildir:{}", "cur/1:2,S"),
        ("maildir:{}", "box/new/1"),
        ("maildir:{}", "users/mail/.Junk/cur/1:2,"),
        ("dir:{}", "1.eml"),
        ("dir:{}", "a/b/no name at all"),
    ],
)
def test_a_message_is_found_wherever_its_kind_lays_it(tmp_path: Path, spec: str, place: str) -> None:
    lay(tmp_path / place)
    lay((tmp_path / place).with_name("other"), b"Subject: other\n\n")
    (found,) = open_store(spec.format(tmp_path)).find(MARK)
    assert found.raw == MESSAGE.replace(b"\n", b"\r\n")
    assert found.octets == MESSAGE
    assert (found.envelope_from, found.envelope_to) == (None, None)


def test_only_new_and_cur_of_a_maildir_are_mail(tmp_path: Path) -> None:
    lay(tmp_path / "tmp" / "1")
    lay(tmp_path / "index")
    lay(tmp_path / "new" / "2", b"Subject: other\n\n")
    assert Maildir(tmp_path).find(MARK) == []


def test_a_hidden_file_is_no_mail_for_it_may_never_be_finished(tmp_path: Path) -> None:
    lay(tmp_path / ".unfinished-1")
    assert open_store(f"dir:{tmp_path}").find(MARK) == []


def test_a_message_that_a_reader_has_moved_is_one_and_a_copy_in_another_box_is_one_more(tmp_path: Path) -> None:
    first = lay(tmp_path / "a" / "new" / "1.x")
    (tmp_path / "a" / "cur").mkdir()
    os.link(first, tmp_path / "a" / "cur" / "1.x:2,S")
    assert len(Maildir(tmp_path).find(MARK)) == 1
    (tmp_path / "b" / "new").mkdir(parents=True)
    os.link(first, tmp_path / "b" / "new" / "1.x")
    assert len(Maildir(tmp_path).find(MARK)) == 2


def test_links_fifos_and_what_lies_too_deep_are_left_alone(tmp_path: Path) -> None:
    secret = lay(tmp_path / "elsewhere" / "1")
    store = tmp_path / "store"
    store.mkdir()
    (store / "link").symlink_to(secret)
    (store / "directory").symlink_to(secret.parent)
    (store / "circle").symlink_to(store)
    os.mkfifo(store / "fifo")
    lay(store.joinpath(*"abcdefghij") / "deep")
    assert Directory(store).find(MARK) == []
    box = tmp_path / "box"
    box.symlink_to(secret)
    with pytest.raises(StoreError, match="box: .*no link"):
        Mbox(box).find(MARK)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(StoreError, match="fifo: .*give a file"):
        Mbox(fifo).find(MARK)


def test_a_huge_file_is_not_read_and_of_a_huge_mbox_the_end_is(tmp_path: Path) -> None:
    for name in ("new/1", "box"):
        lay(tmp_path / name, MESSAGE)
        with (tmp_path / name).open("r+b") as file:
            file.truncate(files.LARGEST + 1)
            if name == "box":
                file.seek(0, os.SEEK_END)
                file.write(b"\n\nFrom -\n" + MESSAGE)
    assert Maildir(tmp_path).find(MARK) == []
    assert [found.octets for found in Mbox(tmp_path / "box").find(MARK)] == [MESSAGE]


def test_the_newest_of_too_many_files_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_FILES", 3)
    for number in range(6):
        lay(tmp_path / f"{number}", MESSAGE + b"%d" % number, LONG_AGO + number)
    assert [found.body[-1:] for found in Directory(tmp_path).find(MARK)] == [b"5", b"4", b"3"]


@pytest.mark.parametrize("kind", [Directory, Maildir])
def test_a_directory_that_takes_too_long_to_look_through_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Directory]
) -> None:
    monkeypatch.setattr(files, "LONGEST_LOOK", 0.0)
    lay(tmp_path / "new" / "1", MESSAGE)
    with pytest.raises(StoreError, match="a directory that has mail alone"):
        kind(tmp_path).find(MARK)


@pytest.mark.parametrize("room", [0, files.REMEMBERED])
def test_what_has_changed_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    monkeypatch.setattr(files, "REMEMBERED", room)
    store = Directory(tmp_path)
    path = lay(tmp_path / "1", b"Subject: other\n\n")
    assert store.find(MARK) == []
    lay(path, MESSAGE)
    assert len(store.find(MARK)) == 1
    lay(path, MESSAGE.replace(b"Hello", b"World"), LONG_AGO + 1)
    assert [found.body for found in store.find(MARK)] == [b"World\r\n"]
    path.unlink()
    assert store.find(MARK) == []


def test_files_that_have_not_changed_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Directory(tmp_path)
    lay(tmp_path / "1")
    assert len(store.find(MARK)) == 1
    monkeypatch.setattr(files, "read", lambda path: pytest.fail("read again"))
    assert len(store.find(MARK)) == 1


def test_a_file_that_vanishes_between_two_looks_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(path: str) -> bytes:
        os.unlink(path)
        return Path(path).read_bytes()

    lay(tmp_path / "1")
    monkeypatch.setattr(files, "read", gone)
    assert Directory(tmp_path).find(MARK) == []


def test_a_file_that_may_not_be_read_is_an_error_unless_the_mark_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: str) -> bytes:
        if path.endswith("refused"):
            raise PermissionError(13, "Permission denied")
        return MESSAGE

    lay(tmp_path / "refused")
    monkeypatch.setattr(files, "read", refused)
    with pytest.raises(StoreError, match="refused cannot be read: run the suite as"):
        Directory(tmp_path).find(MARK)
    lay(tmp_path / "open")
    assert len(Directory(tmp_path).find(MARK)) == 1


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("maildir:{}/mail", "no Maildir, a directory with new/ and cur/, yet"),
        ("maildir:{}", "no Maildir"),
        ("dir:{}/mail", "no directory yet"),
        ("mbox:{}/mail", "no such file yet"),
    ],
)
def test_a_store_that_is_not_there_yet_proves_nothing(tmp_path: Path, spec: str, told: str) -> None:
    store = open_store(spec.format(tmp_path))
    with pytest.raises(StoreError, match=told):
        store.find(MARK)
    with pytest.raises(StoreError, match=told):
        store.wait_for(MARK, time.monotonic() + 0.1)


@pytest.mark.parametrize("spec", ["maildir:{}", "dir:{}/new", "mbox:{}/new/box"])
def test_mail_that_comes_later_is_waited_for_until_it_is_whole(tmp_path: Path, spec: str) -> None:
    (tmp_path / "new").mkdir()
    store = open_store(spec.format(tmp_path))
    message = b"From -\n" * spec.startswith("mbox") + MESSAGE
    whole = threading.Event()

    def deliver() -> None:
        with (tmp_path / "new" / "box").open("wb", buffering=0) as file:
            if not spec.startswith("maildir"):
                file.write(message[:-3])
                whole.wait(0.1)
                file.write(message[-3:])
            else:
                file.write(message)

    later = threading.Timer(0.2, deliver)
    later.start()
    (found,) = store.wait_for(MARK, time.monotonic() + 30)
    later.join()
    assert found.body == b"Hello\r\n"


def test_waiting_ends_in_time_with_what_is_there(tmp_path: Path) -> None:
    lay(tmp_path / "1")
    began = time.monotonic()
    assert len(Directory(tmp_path).wait_for(MARK, began + 0.2, count=2)) == 1
    assert time.monotonic() - began >= 0.2


BEGIN = b"From a@b Mon Jan  1 00:00:00 2024\n"


@pytest.mark.parametrize(
    ("data", "messages"),
    [
        (b"", []),
        (b"no mbox\n", []),
        (BEGIN + b"a: b\n\nc\n", [b"a: b\n\nc\n"]),
        (BEGIN + b"a: b\n\nc\n\n" + BEGIN + b"d\n", [b"a: b\n\nc\n\n", b"d\n"]),
        (b"From -\r\na: b\r\n\r\nc\r\nFrom -\r\nd\r\n", [b"a: b\r\n\r\nc\r\n", b"d\r\n"]),
        (b"From - \nc", [b"c"]),
        (b"From MAILER-DAEMON\na: b\n\nc\n\nFrom x\nd: e\n", [b"a: b\n\nc\n\n", b"d: e\n"]),
        (b"From a Mon, 1 Jan 2024 00:00:00 +0000\nc\n", [b"c\n"]),
        (BEGIN + b"a: b\n\nFrom here on\nprose\n", [b"a: b\n\nFrom here on\nprose\n"]),
        (BEGIN + b"a: b\n\nc\nFrom here\non: prose\n", [b"a: b\n\nc\nFrom here\non: prose\n"]),
        (BEGIN + b"a: b\n\n>From here\non: prose\n", [b"a: b\n\n>From here\non: prose\n"]),
        (BEGIN + b"a: b\n\n" + b"From " + b"Sun Jan 1 " * 50_000, [b"a: b\n\n" + b"From " + b"Sun Jan 1 " * 50_000]),
        (BEGIN + bytes(range(256)), [bytes(range(256))]),
    ],
)
def test_an_mbox_is_split_where_messages_begin(data: bytes, messages: list[bytes]) -> None:
    assert split(data) == messages


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("", "give one of maildir:DIR, mbox:FILE, dir:DIR"),
        ("/var/mail", "give one of"),
        ("pigeon:coop", "pigeon:coop: give one of"),
        ("maildir:", "nothing follows the colon"),
        ("maildir:/nowhere/at/all", "there is no directory /nowhere/at; give a directory"),
        ("dir:{}/file", "file: give a directory"),
        ("maildir:{}/file", "file: give a directory"),
        ("mbox:{}", "give a file"),
    ],
)
def test_a_wrong_spec_is_refused_with_what_to_do(tmp_path: Path, spec: str, told: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=told) as error:
        open_store(spec.format(tmp_path))
    assert "\n" not in str(error.value)
