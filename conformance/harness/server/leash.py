"""Runs a server on a leash: when the suite lets go, or dies, the server ends with everything that it has started.

Run as a script: `python leash.py COMMAND [ARGUMENT ...]`. It ends with the server's exit status, or when its standard
input does; where the server has put itself into the background, by a signal, which no exit status can imitate. It uses
nothing but the standard library, and little of that, for it starts before every server.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time

GRACE = 2.0
"""Seconds between the polite and the final signal."""
LINGER = 1.0
"""Seconds in which those that outlive their parent are seen to listen, or to end as well."""
LAST = 5.0
"""Seconds for the final signals, however fast new processes are started."""
NAME = "leash-"
"""What the leash calls itself for those who look, before the id of the process that it has started."""
LISTENS_ON, LIVES_ON = signal.SIGUSR1, signal.SIGUSR2
"""What ends the leash where the server exited with 0 of itself and left a process that listens, or merely lives."""
PR_SET_PDEATHSIG, PR_SET_NAME, PR_SET_CHILD_SUBREAPER = 1, 15, 36


def main(command: list[str]) -> int:
    """Run the command until it ends or standard input does; returns its exit status, 128 + n for a signal n."""
    _control(PR_SET_CHILD_SUBREAPER, 1)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _let_go)
    server = _start(command)
    _control(PR_SET_NAME, f"{NAME}{server}".encode())
    status = _wait(server, woken, None)
    left = None
    if status is None:
        _signal_group(server, signal.SIGTERM)
        status = _wait(server, woken, GRACE)
    elif status == 0:
        left = _left_behind()
    _end_all(server)
    if left is not None:
        signal.signal(left, signal.SIG_DFL)
        os.kill(os.getpid(), left)
    return 128 + signal.SIGKILL if status is None else status if status >= 0 else 128 - status


def _control(option: int, value: int | bytes) -> None:
    """Call Linux's prctl; elsewhere the process group is all that is ended."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _let_go(number: int, frame: object) -> None:
    """Bring standard input to its end."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)


def _start(command: list[str]) -> int:
    server = os.fork()
    if server:
        return server
    os.setsid()
    _control(PR_SET_PDEATHSIG, signal.SIGKILL)
    for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode(errors="surrogateescape"))
    finally:
        os._exit(127)


def _wait(server: int, woken: int, seconds: float | None) -> int | None:
    """Wait for the server's end, also reaping what others left; its exit status, or None if it did not come to that.

    Args:
        server: its process.
        woken: can be read after each signal.
        seconds: how long, or None for as long as standard input does not end.
    """
    until = None if seconds is None else time.monotonic() + seconds
    while True:
        ended = _reap()
        if server in ended:
            return ended[server]
        left = None if until is None else max(0.0, until - time.monotonic())
        ready, _, _ = select.select([woken] if until else [woken, 0], [], [], left)
        if not ready or 0 in ready:
            return None
        os.read(woken, 4096)


def _reap() -> dict[int, int]:
    """The exit statuses of all children that have ended, -n for a signal n."""
    ended = {}
    try:
        while True:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                break
            ended[process] = os.waitstatus_to_exitcode(status)
    except ChildProcessError:
        pass
    return ended


def _has_children() -> bool:
    """Whether any process that came of the server is left, which a look at all of them may miss while they change."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _left_behind() -> signal.Signals | None:
    """How those go on that have outlived the server: `LISTENS_ON`, `LIVES_ON`, or None if they end soon as well."""
    until = time.monotonic() + LINGER
    while True:
        _reap()
        if not _has_children():
            return None
        listeners = _listeners()
        if any(listeners & sockets(process) for process, *_ in descendants(os.getpid())):
            return LISTENS_ON
        if time.monotonic() > until:
            return LIVES_ON
        if 0 in select.select([0], [], [], 0.02)[0]:
            return None


def _listeners() -> set[int]:
    """The inodes of all TCP sockets that listen."""
    found = set()
    for name in ("tcp", "tcp6"):
        try:
            with open(f"/proc/net/{name}", encoding="ascii") as file:
                found |= {int(words[9]) for words in map(str.split, file) if words[3] == "0A"}
        except OSError:
            continue
    return found


def _end_all(server: int) -> None:
    """End every process that came of the server, until there is none to be waited for."""
    _signal_group(server, signal.SIGKILL)
    until = time.monotonic() + LAST
    while time.monotonic() < until:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        for process, _, group, _ in descendants(os.getpid()):
            # A process may have forked and ended meanwhile; nobody escapes a signal to his group like that.
            if group != os.getpgrp():
                _signal_group(group, signal.SIGKILL)
            _signal(process, signal.SIGKILL)
        time.sleep(0.002)


def _signal(process: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(process, number)


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def descendants(process: int) -> list[tuple[int, int, int, str]]:
    """The processes that came of one, those of a generation before their children.

    Returns:
        Of each its id, its parent's, its process group and the letter of its state; nothing where /proc does not tell.
    """
    children: dict[int, list[tuple[int, int, int, str]]] = {}
    for name in os.listdir("/proc") if os.path.exists("/proc/self/stat") else ():
        if name.isdigit() and (known := stat(int(name))):
            parent, group, state = known
            children.setdefault(parent, []).append((int(name), parent, group, state))
    found: list[tuple[int, int, int, str]] = []
    below = children.get(process, [])
    while below:
        found += below
        below = [child for one, *_ in below for child in children.get(one, ())]
    return found


def stat(process: int) -> tuple[int, int, str] | None:
    """A process's parent, its process group and the letter of its state; None where /proc does not tell."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            state, parent, group = file.read().rpartition(b")")[2].split()[:3]
    except (OSError, ValueError):
        return None
    return int(parent), int(group), state.decode()


def held(process: int) -> int | None:
    """The process that a leash has started, whether or not it still runs; None where /proc does not tell.

    Args:
        process: the leash.
    """
    try:
        with open(f"/proc/{process}/comm", encoding="latin-1") as file:
            name = file.read().strip()
    except OSError:
        return None
    return int(name.removeprefix(NAME)) if name.startswith(NAME) else None


def sockets(process: int) -> set[int]:
    """The inodes of a process's sockets; nothing where they cannot be seen."""
    found = set()
    try:
        for link in os.scandir(f"/proc/{process}/fd"):
            try:
                where = os.readlink(link.path)
            except OSError:
                continue
            if where.startswith("socket:["):
                found.add(int(where[8:-1]))
    except OSError:
        pass
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
