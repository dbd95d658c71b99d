"""What is read of a server in /proc: from tables that are written here, and of sockets of our own."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.harness.server import proc
from tests.harness.families import wait_until

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ANY, ANY_6 = "00000000", "0" * 32
LOCAL, LOCAL_6 = "0100007F", "0" * 24 + "01000000"
MAPPED = "0" * 16 + "FFFF0000" + LOCAL
OTHER = "0101A8C0"
PORT = 0x1F90
Table = Callable[..., None]


def line(local: str, state: str, remote: str = f"{ANY}:0000", queue: int = 0, inode: int = 7, port: int = PORT) -> str:
    return (
        f"   0: {local}:{port:04X} {remote} {state} 00000000:{queue:08X} 00:00000000 00000000  1000        0 {inode} 1"
    )


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Table:
    """Write what the kernel tells, of IPv4 and of IPv6."""
    (tmp_path / "proc" / "net").mkdir(parents=True)
    monkeypatch.setattr(proc, "Path", lambda path: tmp_path / path.lstrip("/"))

    def write(*lines: str, name: str = "tcp") -> None:
        (tmp_path / "proc" / "net" / name).write_text(HEAD + "".join(f"{one}\n" for one in lines))

    write()
    return write


@pytest.mark.parametrize(
    ("name", "local", "host", "found"),
    [
        ("tcp", LOCAL, "127.0.0.1", True),
        ("tcp", ANY, "127.0.0.1", True),
        ("tcp", OTHER, "127.0.0.1", False),
        ("tcp", OTHER, "192.168.1.1", True),
        ("tcp6", ANY_6, "127.0.0.1", True),
        ("tcp6", MAPPED, "127.0.0.1", True),
        ("tcp6", LOCAL_6, "127.0.0.1", False),
        ("tcp6", LOCAL_6, "::1", True),
        ("tcp6", ANY_6, "::1", True),
        ("tcp", ANY, "::1", False),
    ],
)
def test_a_listener_is_found_by_its_address(table: Table, name: str, local: str, host: str, found: bool) -> None:
    table(line(local, proc.LISTEN, queue=5, inode=42), name=name)
    row = proc.listener(host, PORT)
    assert (row is not None) == found
    assert row is None or (row.queue, row.inode, row.local[1]) == (5, 42, PORT)
    assert proc.listener(host, PORT + 1) is None


def test_connections_are_no_listeners(table: Table) -> None:
    table(line(LOCAL, proc.ESTABLISHED), line(LOCAL, "06"))
    assert proc.listener("127.0.0.1", PORT) is None


def test_all_listeners_are_found_but_nothing_behind_them(table: Table) -> None:
    table(line(ANY, proc.LISTEN, port=25), line(ANY, proc.LISTEN), line(LOCAL, proc.ESTABLISHED))
    table(line(ANY_6, proc.LISTEN, port=26), name="tcp6")
    assert [row.local[1] for row in proc.listeners()] == [25, PORT, 26]


def test_who_is_not_accepted_yet_has_no_owner(table: Table) -> None:
    table(
        line(LOCAL, proc.LISTEN, inode=0),
        line(LOCAL, proc.ESTABLISHED, f"{LOCAL}:C001", inode=0),
        line(LOCAL, proc.ESTABLISHED, f"{LOCAL}:C002", inode=9),
        line(LOCAL, "06", f"{LOCAL}:C003", inode=0),
        line(LOCAL, proc.ESTABLISHED, f"{LOCAL}:C004", inode=0, port=PORT + 1),
    )
    assert proc.unowned(PORT) == 1


def test_clients_that_are_not_ours_are_counted(table: Table) -> None:
    """Otherwise a stranger's connection would be held against the server's pool."""
    table(
        line(LOCAL, proc.LISTEN),
        line(LOCAL, proc.ESTABLISHED, f"{LOCAL}:C001"),
        line(LOCAL, proc.ESTABLISHED, f"{LOCAL}:C002"),
        line(LOCAL, "06", f"{LOCAL}:C003"),
    )
    table(line(MAPPED, proc.ESTABLISHED, f"{MAPPED}:C004"), name="tcp6")
    assert proc.foreign_clients(PORT, {0xC001}) == 2
    assert proc.foreign_clients(PORT, {0xC001, 0xC002, 0xC004}) == 0


def test_a_machine_that_tells_nothing_is_no_fault(table: Table, tmp_path: Path) -> None:
    (tmp_path / "proc" / "net" / "tcp").unlink()
    assert not proc.available()
    assert proc.listener("127.0.0.1", PORT) is None
    assert (proc.unowned(PORT), proc.foreign_clients(PORT, set())) == (0, 0)


@pytest.mark.parametrize(
    ("local", "shown"),
    [
        (("0.0.0.0", 25), "127.0.0.1:25"),
        (("::", 25), "[::1]:25"),
        (("::1", 25), "[::1]:25"),
        (("192.168.1.1", 25), "192.168.1.1:25"),
    ],
)
def test_a_listener_is_shown_as_a_target(local: tuple[str, int], shown: str) -> None:
    assert proc.as_target(proc.Row(local, ("0.0.0.0", 0), proc.LISTEN, 0, 1)) == shown


# Of this very process


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def test_our_own_listener_is_seen_with_its_queue_and_owner(listening: socket.socket) -> None:
    port = listening.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
        assert wait_until(lambda: (row := proc.listener("127.0.0.1", port)) and row.queue == 2)
        assert proc.unowned(port) == 2
        accepted = listening.accept()[0]
        assert wait_until(lambda: proc.unowned(port) == 1)
        assert proc.foreign_clients(port, {accepted.getpeername()[1]}) == 1
        accepted.close()
    row = proc.listener("127.0.0.1", port)
    assert row and proc.owner(row) == os.getpid()
    assert row in proc.listened_to([os.getpid()]) and proc.listened_to([]) == []
    assert proc.serves("127.0.0.1", port)


@pytest.mark.parametrize(("only_6", "serves"), [(True, False), (False, True)])
def test_a_socket_of_both_families_serves_both(only_6: bool, serves: bool) -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    # On a port that no system gives to anybody: others may have it at the other family.
    with socket.create_server(("::", 9_011 + only_6), family=socket.AF_INET6, dualstack_ipv6=not only_6):
        assert proc.serves("127.0.0.1", 9_011 + only_6) == serves


@pytest.mark.parametrize(("host", "local"), [("127.0.0.1", True), ("127.9.9.9", True), ("192.0.2.1", False)])
def test_whose_address_it_is(host: str, local: bool) -> None:
    assert proc.is_local(host) == local


def test_a_process_is_seen_and_one_that_is_gone_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with subprocess.Popen(["true"]) as ended:
        gone = ended.pid
    assert (proc.directory(os.getpid()), proc.directory(gone)) == (tmp_path.resolve(), None)
    assert proc.started(os.getpid()) > 0 == proc.started(gone)
    assert proc.threads(gone) == set() and proc.usage([gone]) == (0, 0, 1)
    assert proc.memory([os.getpid()]) > 2**20 and proc.memory([gone]) == 0


def test_what_a_process_uses_grows_with_its_threads_and_descriptors() -> None:
    before = proc.usage([os.getpid()])
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    with socket.socket():
        descriptors, threads, processes = proc.usage([os.getpid()])
    over.set()
    thread.join()
    assert (descriptors, threads, processes) == (before[0] + 1, before[1] + 1, 1)
