"""Runs a server on a leash: when the suite lets go, or dies, the server's whole process group ends.

Run as a script: `python leash.py COMMAND [ARGUMENT ...]`. It ends with the server's exit status, or when its standard
input does. It uses nothing but the standard library, and little of that, for it starts before every server.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

GRACE = 2.0
"""Seconds between the polite and the final signal."""


def main(command: list[str]) -> int:
    """Run the command until it ends or standard input does; returns its exit status, 128 + n for a signal n."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=_default_interrupt
        )
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    threading.Thread(target=_end_with_standard_input, args=(server,), daemon=True).start()
    status = server.wait()
    _signal_group(server.pid, signal.SIGKILL)
    return status if status >= 0 else 128 - status


def _default_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _end_with_standard_input(server: subprocess.Popen[bytes]) -> None:
    os.read(0, 1)
    _signal_group(server.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(GRACE)
    _signal_group(server.pid, signal.SIGKILL)


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
