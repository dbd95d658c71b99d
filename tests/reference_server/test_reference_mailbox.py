"""The mailbox on bad days: full disks, and crashes and failures of a backup."""

import errno
import os
import resource
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from reference_server.mailbox import Mailbox, start_backup_thread
from tests.reference_server.server_runs import DEADLINE, Server, ends, environment, in_thread, message, numbers


class FailingFile:
    """A mailbox file on a disk that takes some more bytes, and then only says what is wrong."""

    def __init__(self, file: Any, error: int, room: int = 0) -> None:
        self._file, self._error, self._room = file, error, room

    def write(self, data: memoryview) -> int:
        if not self._room:
            raise OSError(self._error, os.strerror(self._error))
        taken = self._file.write(data[: self._room])
        self._room -= taken
        return int(taken)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


# Disk errors


def test_full_disk_is_answered_554_and_leaves_no_trace(start: Callable[..., Server]) -> None:
    server = start()
    assert server.deliver(b"first") == b"250 OK: delivered message 1\r\n"
    before = (server.directory / "mailbox").read_bytes()
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (len(before) + 1000, resource.RLIM_INFINITY))
    assert server.deliver(b"x" * 5000).startswith(b"554 ")
    assert (server.directory / "mailbox").read_bytes() == before
    assert server.deliver(b"second") == b"250 OK: delivered message 2\r\n"
    assert numbers(server.directory / "mailbox") == [1, 2]


def test_session_goes_on_after_a_full_disk(start: Callable[..., Server]) -> None:
    server = start()
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
    client = server.connect()
    client.open_data()
    assert client.ask(b"x" * 5000 + b"\r\n.").startswith(b"554 ")
    assert client.ask(b"RCPT TO: c@d") == b"503 Error: need MAIL command\r\n"
    assert client.ask(b"MAIL FROM: a@b") == b"250 2.1.0 OK\r\n"


@pytest.mark.parametrize(
    ("error", "room"), [(errno.EROFS, 0), (errno.ENOSPC, 0), (errno.ENOSPC, 1), (errno.ENOSPC, 30), (errno.EIO, 100)]
)
def test_failed_write_takes_no_number_and_leaves_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int, room: int
) -> None:
    mailbox = Mailbox(tmp_path, b"netid", 32)
    mailbox.deliver(message())
    before = (tmp_path / "mailbox").read_bytes()
    with monkeypatch.context() as bad_day, pytest.raises(OSError) as failure:
        bad_day.setattr(mailbox, "_file", FailingFile(mailbox._file, error, room))
        mailbox.deliver(message(b"y" * 1000))
    assert failure.value.errno == error
    assert (tmp_path / "mailbox").read_bytes() == before
    assert mailbox.deliver(message()) == 2


# Backup


@pytest.mark.parametrize("step", ["os.fsync", "os.replace", "box._file.truncate"])
def test_crash_between_the_steps_of_a_backup_loses_no_message(tmp_path: Path, step: str) -> None:
    script = f"""
        import os, sys
        from pathlib import Path
        from reference_server.mailbox import Mailbox, Message

        class Crashing:
            def __init__(self, file): self.file = file
            def __getattr__(self, name): return getattr(self.file, name)

        box = Mailbox(Path(sys.argv[1]), b"netid", 2)
        for _ in range(2):
            box.deliver(Message(b"client", b"a", [b"b"], b"text\\r\\n"))
        box._file = Crashing(box._file)
        {step} = lambda *_: os._exit(77)
        box.back_up()
    """
    run = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)]
    assert subprocess.run(run, env=environment(), timeout=DEADLINE).returncode == 77
    backups = list(tmp_path.glob("mailbox.*-*"))
    assert set(numbers(tmp_path / "mailbox", *backups)) == {1, 2}
    assert all(numbers(backup) == [1, 2] for backup in backups), "a backup that is there is whole"


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), MemoryError()], ids=repr)
def test_failed_backup_keeps_the_messages_and_lets_deliveries_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def fail(*_: object) -> NoReturn:
        raise error

    def delivers(count: int) -> bool:
        return ends(in_thread(lambda: [mailbox.deliver(message()) for _ in range(count)]))

    mailbox = Mailbox(tmp_path, b"netid", 2)
    start_backup_thread(mailbox)
    with monkeypatch.context() as bad_day:
        bad_day.setattr("os.replace", fail)
        assert delivers(3), "the third waits for the backup that fails"
        assert os.listdir(tmp_path) == ["mailbox"]
    assert delivers(2), "the fifth waits for the next one"
    assert numbers(tmp_path / "mailbox.1-4") == [1, 2, 3, 4]
    assert numbers(tmp_path / "mailbox") == [5]
    assert f"backup failed, entries stay in the mailbox: {error!r}" in capsys.readouterr().err


def test_delivery_waits_for_the_backup(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path, b"netid", 1)
    mailbox.deliver(message())
    second = in_thread(lambda: mailbox.deliver(message()))
    second.join(0.2)
    assert second.is_alive()
    mailbox.back_up()
    assert ends(second)
    assert numbers(tmp_path / "mailbox.1-1") == [1]
    assert numbers(tmp_path / "mailbox") == [2]


def test_closed_mailbox_refuses_messages(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path, b"netid", 32)
    mailbox.close()
    with pytest.raises(OSError, match="closed"):
        mailbox.deliver(message())
