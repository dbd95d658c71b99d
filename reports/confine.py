"""Runs a server that nobody vouches for: within limits, without secrets, in bubblewrap without a view of the rest.

Run as a script in front of a server's command, in the directory that is to be the server's own:
`python confine.py [OPTION …] -- COMMAND [ARGUMENT …]`. It ends with the server's exit status, or ends the server when a
limit is passed or somebody ends it. It starts before every server, so it needs nothing but the standard library.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

EVERY = 0.25
"""Seconds between two looks at what the server uses."""
GRACE = 1.0
"""Seconds that a server has to end when it is asked to."""
PROGRAMS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/alternatives")
NAMES = ("/etc/hosts", "/etc/nsswitch.conf", "/etc/localtime", "/etc/passwd", "/etc/group")
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
    try:
        status = _watch(server, given.memory * MIB, given.processes)
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
    words = [shutil.which("bwrap") or "bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    words += ["--die-with-parent", "--cap-drop", "ALL", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
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
    return [*words, "--bind", here, here, "--chdir", here]


def works(see: list[str]) -> str:
    """Try the sandbox; returns why it does not work here, or an empty string."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed"
    command = [*bubblewrap(see), "--", "true"]
    try:
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not work here: {error}"
    return "" if done.returncode == 0 else f"bubblewrap does not work here: {' '.join(done.stderr.split())[:200]}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="confine", description=__doc__.partition("\n")[0])
    parser.add_argument("--memory", type=int, default=1024, help="MiB that it and its children may use together")
    parser.add_argument("--file-size", type=int, default=256, help="MiB that a file of its may have")
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
    for what, most in wanted.items():
        _, hard = resource.getrlimit(what)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))


def _watch(server: subprocess.Popen[bytes], memory: int, processes: int) -> int:
    """Wait for the server's end, and end it when it and its children use too much."""
    while True:
        try:
            return server.wait(EVERY)
        except subprocess.TimeoutExpired:
            used, tasks = _used(_descendants())
        if used > memory or tasks > processes:
            what = f"{used // MIB} MiB of {memory // MIB}" if used > memory else f"{tasks} processes of {processes}"
            print(f"confine: ended, for it used {what}", file=sys.stderr)
            return _ended(server, 0.0)


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


def _descendants() -> list[int]:
    """The processes below this one."""
    found: list[int] = []
    below = [os.getpid()]
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                parent = int(Path("/proc", name, "stat").read_bytes().rpartition(b")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(name))
    while below:
        below = [child for parent in below for child in children.get(parent, ())]
        found += below
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
