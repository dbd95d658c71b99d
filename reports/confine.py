"""Runs a server that nobody vouches for: within limits, without secrets, in bubblewrap or as a user of its own.

Run as a script in front of a server's command, in the directory that is to be the server's own:
`python confine.py [OPTION …] -- COMMAND [ARGUMENT …]`. It ends with the server's exit status, or ends the server when a
limit is passed or somebody ends it. It starts before every server, so it needs nothing but the standard library.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

EVERY = 0.25
"""Seconds between two looks at what the server uses."""
GRACE = 1.0
"""Seconds that a server has to end when it is asked to."""
PROGRAMS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/alternatives")
NAMES = ("/etc/hosts", "/etc/nsswitch.conf", "/etc/localtime", "/etc/passwd", "/etc/group")
SHARED = ("/tmp", "/var/tmp", "/dev/shm", "/run/lock")
"""Where every user may write."""
LEAST = 4096
"""Bytes that a file counts at least: many empty ones fill a disk, too."""
SPARE = ".tmp"
"""The folder in the server's own directory that is /tmp in the sandbox, so that it is counted and removed with it."""
MIB = 1024 * 1024


def main(arguments: list[str]) -> int:
    """Run the command; returns its exit status, 128 + n for a signal n."""
    given = _parser().parse_args(arguments)
    command = given.command[1:] if given.command[:1] == ["--"] else given.command
    if not command:
        print("confine: give a command behind --", file=sys.stderr)
        return 2
    # What the server's own children leave behind becomes ours, so that it is seen and ended.
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    if given.bubblewrap:
        command = [*bubblewrap(given.see), "--", *command]
    if given.user is not None:
        _hand_over(given.user)
    try:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            env=environment(),
            preexec_fn=lambda: _limit(given),
            user=given.user,
            group=given.user,
            extra_groups=None if given.user is None else (),
        )
    except (OSError, subprocess.SubprocessError) as error:
        print(f"{command[0]}: {getattr(error, 'strerror', error)}", file=sys.stderr)
        return 127
    # Else we would wait for our turn behind all that a server forks; its own turn is as it was.
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    try:
        status = _watch(server, given)
    except KeyboardInterrupt:
        # Whoever ends us has signalled the server as well, which is of the same process group.
        status = _ended(server, GRACE)
    _end_all()
    return status if status >= 0 else 128 - status


def environment() -> dict[str, str]:
    """What the server is told of the machine: where programs are, and that it is to speak UTF-8."""
    here = os.getcwd()
    path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"])
    settled = {"PATH": path, "HOME": here, "TMPDIR": here, "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}
    # Else every thread of glibc's may reserve an arena, which looks like memory.
    return {**settled, "PYTHONDONTWRITEBYTECODE": "1", "MALLOC_ARENA_MAX": "2"}


def bubblewrap(see: list[str]) -> list[str]:
    """The sandbox: only the system's programs, Python, and these paths are seen, and only this directory is written to.

    The network stays, for the suite has to reach the server.
    """
    here = os.getcwd()
    spare = os.path.join(here, SPARE)
    os.makedirs(spare, exist_ok=True)
    words = [shutil.which("bwrap") or "bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    words += ["--die-with-parent", "--cap-drop", "ALL", "--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"]
    words += ["--bind", spare, "/dev/shm", "--bind", spare, "/tmp"]
    for path in (*PROGRAMS, *NAMES):
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        elif os.path.exists(path):
            words += ["--ro-bind", path, path]
    # Run with -S, Python does not know that it is a virtual environment's.
    python = str(Path(sys.executable).parent.parent)
    for path in dict.fromkeys([sys.base_prefix, sys.prefix, python, *map(os.path.abspath, see)]):
        if not path.startswith("/usr/") and path != "/usr":
            words += ["--ro-bind", path, path]
    # What is left of the root is memory that nobody counts.
    return [*words, "--bind", here, here, "--chdir", here, "--remount-ro", "/"]


def works(*options: str) -> str:
    """Try a way to confine servers.

    Args:
        options: those of this script.

    Returns:
        Why it does not work here; empty if it does.
    """
    wrap = [sys.executable, "-I", "-S", os.path.abspath(__file__), *options, "--"]
    # As the suite's own directories are made, and used as a server would.
    with tempfile.TemporaryDirectory(prefix="confine-") as here:
        attempt = [*wrap, "python3", "-c", "import os; open(os.path.join(os.getcwd(), 'mailbox'), 'w').close()"]
        try:
            done = subprocess.run(attempt, cwd=here, capture_output=True, text=True, timeout=20, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
    said = done.stderr.strip().splitlines()
    return "" if done.returncode == 0 else (said[-1] if said else f"exit status {done.returncode}")[:200]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="confine", description=__doc__.partition("\n")[0])
    parser.add_argument("--memory", type=int, default=1024, help="MiB that it and its children may use together")
    parser.add_argument("--file-size", type=int, default=256, help="MiB that a file of its may have")
    parser.add_argument("--disk", type=int, default=512, help="MiB that its files may have together")
    parser.add_argument("--processes", type=int, default=256, help="processes and threads that it may have")
    parser.add_argument("--seconds", type=int, default=600, help="processor time that a process may use")
    parser.add_argument("--bubblewrap", action="store_true", help="hide the rest of the machine")
    parser.add_argument("--user", type=int, help="the id of the user and the group that it runs as; takes root")
    parser.add_argument("--see", action="append", default=[], help="a path that it may read in spite of that")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    return parser


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _hand_over(user: int) -> None:
    """Let a user write into this directory, which stays root's: else he could put a link in its place."""
    for name in os.listdir():
        os.chown(name, user, user, follow_symlinks=False)
    os.chown(".", 0, user)
    os.chmod(".", 0o770)


def _limit(given: argparse.Namespace) -> None:
    """The kernel's own limits, for what happens between two looks; what it reserves is more than what it uses."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    wanted = {
        resource.RLIMIT_AS: 4 * given.memory * MIB,
        resource.RLIMIT_FSIZE: given.file_size * MIB,
        resource.RLIMIT_CPU: given.seconds,
        resource.RLIMIT_CORE: 0,
    }
    if given.user is not None:
        # The user's other servers are counted as well.
        wanted[resource.RLIMIT_NPROC] = 4 * given.processes
    elif os.geteuid() != 0:
        # So is all else that we run, and may come to run: no more than what keeps the machine alive.
        wanted[resource.RLIMIT_NPROC] = _own_tasks() + 16 * given.processes
    if not given.bubblewrap:
        ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # no program gives it more rights
    for what, most in wanted.items():
        _, hard = resource.getrlimit(what)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))


def _own_tasks() -> int:
    """How many processes and threads this user has."""
    count = 0
    for name in filter(str.isdigit, _listed("/proc")):
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{name}").st_uid == os.geteuid():
                count += len(_listed(f"/proc/{name}/task"))
    return count


def _watch(server: subprocess.Popen[bytes], given: argparse.Namespace) -> int:
    """Wait for the server's end, and end it when it and its children use too much."""
    while True:
        try:
            return server.wait(EVERY)
        except subprocess.TimeoutExpired:
            if what := _too_much(given):
                print(f"confine: ended, for it used {what}", file=sys.stderr)
                return _ended(server, 0.0)


def _too_much(given: argparse.Namespace) -> str:
    """What is used beyond its limit, or an empty string."""
    processes = _descendants(given.processes)
    memory, tasks = _used(processes)
    if tasks > given.processes:
        return f"more than {given.processes} processes and threads"
    if memory > given.memory * MIB:
        return f"{memory // MIB} MiB of {given.memory} MiB memory"
    disk = 0
    for size in _sizes(processes, given.user):
        disk += size
        if disk > given.disk * MIB:
            return f"more than {given.disk} MiB of disk" if disk < sys.maxsize else "folders that cannot be looked into"
    return ""


def _sizes(processes: list[int], user: int | None) -> Iterator[int]:
    """The bytes on the disk of each file that the server has: here, where all may write, and deleted but still open."""
    yield from _tree(".", None)
    for folder in SHARED if user is not None else ():
        yield from _tree(folder, user)
    seen = set()
    for process in processes:
        for name in _listed(f"/proc/{process}/fd"):
            try:
                found = os.stat(f"/proc/{process}/fd/{name}")
            except OSError:
                continue
            if stat.S_ISREG(found.st_mode) and not found.st_nlink and (found.st_dev, found.st_ino) not in seen:
                seen.add((found.st_dev, found.st_ino))
                yield _size(found)


def _tree(folder: str, user: int | None) -> Iterator[int]:
    """The sizes of what is in a folder, of a user alone if one is given; of what cannot be looked into a huge one."""
    folders = [folder]
    while folders:
        at = folders.pop()
        try:
            entries = list(os.scandir(at))
        except FileNotFoundError:
            continue
        except OSError:
            if at != folder:
                yield sys.maxsize
            continue
        for entry in entries:
            try:
                found = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if at != folder or user in (None, found.st_uid):
                yield _size(found)
                if stat.S_ISDIR(found.st_mode):
                    folders.append(entry.path)


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _size(found: os.stat_result) -> int:
    return max(found.st_blocks * 512, LEAST)


def _ended(server: subprocess.Popen[bytes], grace: float) -> int:
    try:
        return server.wait(grace)
    except subprocess.TimeoutExpired:
        server.kill()
        return server.wait()


def _end_all() -> None:
    """End what the server has left behind, and what that starts meanwhile."""
    until = time.monotonic() + GRACE
    while (left := _descendants()) and time.monotonic() < until:
        for process in left:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        _reap()


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _descendants(most: int = 1 << 30) -> list[int]:
    """The processes below this one; not many more than `most`, for who forks without end gets ever more."""
    found: list[int] = []
    parents = [os.getpid()]
    while parents and len(found) <= most:
        children = _children(parents.pop())
        found += children
        parents += children
    return found


def _children(process: int) -> list[int]:
    found: list[int] = []
    for task in _listed(f"/proc/{process}/task"):
        try:
            found += map(int, Path(f"/proc/{process}/task/{task}/children").read_text().split())
        except OSError:
            continue
    return found


def _used(processes: list[int]) -> tuple[int, int]:
    """Bytes and tasks that these processes have together."""
    memory = tasks = 0
    for process in processes:
        try:
            memory += int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize()
            tasks += len(os.listdir(f"/proc/{process}/task"))
        except OSError:
            continue
    return memory, tasks


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
