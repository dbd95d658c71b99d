"""Mutants of the section "Pool": its size, who waits where, who disturbs whom, and what becomes of its workers."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, begun, headed, replaced, within
from proof.servers.mutants.clock import TOLD, timed_out
from proof.servers.shared import READ_BODY, UNPROTECTED_WORKER, accepted, reading_failed

GONE = "except (EOFError, OSError):"


def threads(count: int) -> Edit:
    """A pool of another size."""
    return Edit("__main__.py", '"--threads", default=32', f'"--threads", default={count}')


def gone(code: str) -> list[Edit]:
    """Do something when a client has left."""
    return [
        headed("session.py", "from time import monotonic, sleep"),
        within("session.py", "Session.run", GONE, f"{GONE}\n    {code}"),
    ]


def looked_for_every(seconds: int) -> list[Edit]:
    """Accept a connection first, and look for a free worker now and then."""
    look = f"while not hand_over._free_workers:\n    time.sleep({seconds})"
    return accepted(f"connection = _accept(listener)\n{look}", "connection")


SIZE = [
    Mutant(
        "one-session-at-a-time",
        "pool.32",
        [
            headed("__main__.py", "from threading import Lock\nONE = Lock()"),
            within("__main__.py", "main.serve", "Session(", "with ONE:\n    Session("),
        ],
        workers=4,
    ),
    Mutant("pool-of-1", "pool.32", [threads(1)], workers=4),
    Mutant("pool-of-8", "pool.32", [threads(8)]),
    Mutant("pool-of-31", "pool.32", [threads(31)]),
    Mutant("pool-of-33", "pool.33rd", [threads(33)]),
    Mutant("pool-of-1000", "pool.33rd", [threads(1000)]),
    Mutant(
        "a-thread-for-each-connection-behind-a-semaphore",
        "pool.threads",
        [
            headed("pool.py", "from threading import Semaphore"),
            replaced(
                "pool.py",
                "start_workers",
                """
                def start_workers(count: int, hand_over: HandOver, serve: Callable[[socket], None]) -> None:
                    places = Semaphore(count)

                    def serve_one() -> None:
                        with hand_over.take() as connection:
                            serve(connection)
                        places.release()

                    def start_one_by_one() -> None:
                        while True:
                            places.acquire()
                            Thread(target=serve_one, daemon=True).start()

                    Thread(target=start_one_by_one, daemon=True).start()
                """,
            ),
        ],
    ),
]

TAKE_FIRST = Edit("pool.py", "self._connections.pop()", "self._connections.pop(0)")
WAITING = [
    Mutant(
        "connections-accepted-and-queued",
        "pool.backlog pool.ahead",
        [Edit("__main__.py", "hand_over.reserve_worker()", "pass"), TAKE_FIRST],
    ),
    Mutant(
        "one-connection-accepted-ahead",
        "pool.ahead",
        accepted("connection = _accept(listener)", "connection"),
    ),
    Mutant("free-worker-looked-for-every-eight-seconds", "pool.next pool.prompt pool.ahead", looked_for_every(8)),
    Mutant("free-worker-looked-for-every-two-seconds", "pool.prompt pool.ahead", looked_for_every(2)),
    Mutant(
        "free-worker-told-to-nobody",
        "pool.frees pool.frees-at-once pool.next pool.prompt",
        [
            Edit("pool.py", "self._worker_is_free.wait()", "self._worker_is_free.wait(8)"),
            Edit("pool.py", "self._worker_is_free.notify()", "pass"),
        ],
    ),
]

INFLUENCE = [
    Mutant(
        "lock-held-while-a-body-is-read",
        "pool.no-influence",
        [
            headed("session.py", "from threading import Lock\nDELIVERY = Lock()"),
            within("session.py", "Session._data", READ_BODY, f"with DELIVERY:\n    {READ_BODY}"),
        ],
    ),
    Mutant(
        "lock-held-while-a-line-is-unfinished",
        "pool.no-influence",
        [
            headed("channel.py", "from threading import Lock\nINPUT = Lock()"),
            within(
                "channel.py",
                "Channel.read_line",
                "self._receive()",
                """
                self._receive()
                with INPUT:
                    while CRLF not in self._received:
                        self._receive()
                """,
            ),
        ],
    ),
]

WORKERS = [
    Mutant(
        "worker-lost-for-each-reset",
        "pool.survives",
        [
            UNPROTECTED_WORKER,
            within("session.py", "Session.run", "(EOFError, OSError)", "EOFError"),
        ],
    ),
    Mutant(
        "worker-lost-for-each-client-that-leaves-in-its-body",
        "pool.frees pool.survives",
        [
            UNPROTECTED_WORKER,
            reading_failed("EOFError", 'raise IndexError("no line left") from None'),
        ],
    ),
    Mutant(
        "worker-lost-for-bytes-that-are-no-text",
        "pool.survives address.unprintable reply.one",
        [UNPROTECTED_WORKER, begun("session.py", "Session._answer", 'line.decode("ascii")')],
    ),
    Mutant(
        "session-lost-for-bytes-that-are-no-text",
        "address.unprintable reply.one",
        [begun("session.py", "Session._answer", 'line.decode("ascii")')],
    ),
    Mutant(
        "worker-lost-for-nul",
        "pool.survives reply.one",
        [
            UNPROTECTED_WORKER,
            begun("session.py", "Session._answer", 'if b"\\0" in line:\n    raise ValueError("NUL in a line")'),
        ],
    ),
    Mutant(
        "worker-lost-for-each-time-out",
        "pool.frees",
        [UNPROTECTED_WORKER, timed_out(f'{TOLD}\nraise RuntimeError("a client was slow")')],
    ),
]

LEAVING = [
    Mutant(
        "client-that-left-keeps-its-worker",
        "pool.frees pool.frees-at-once",
        gone("sleep(86_400)"),
        also="pool.survives",
        why="Beside a bug by which workers do not see that a client has closed, it is only resets that none survives.",
    ),
    Mutant("client-that-left-keeps-its-worker-for-10-seconds", "pool.frees pool.frees-at-once", gone("sleep(10)")),
    Mutant(
        "client-that-left-keeps-its-worker-until-the-limit",
        "pool.frees-at-once",
        gone("sleep(max(0, self._channel._deadline - monotonic()))"),
    ),
    Mutant(
        "empty-recv-taken-for-a-pause",
        "pool.frees-at-once",
        [
            headed("channel.py", "from time import sleep"),
            within("channel.py", "Channel._receive", "raise EOFError", "sleep(0.01)\ncontinue"),
        ],
    ),
]

ALIVE = [
    Mutant(
        "process-ends-at-an-8-bit-command",
        "pool.alive",
        [
            headed("session.py", "import os"),
            begun("session.py", "Session._answer", "if not line.isascii():\n    os._exit(3)"),
        ],
    ),
    Mutant(
        "process-ends-at-a-reset",
        "pool.alive",
        [
            headed("session.py", "import os"),
            within("session.py", "Session.run", GONE, "except OSError:\n    os._exit(3)\nexcept EOFError:"),
        ],
    ),
    Mutant(
        "process-ends-after-40-connections",
        "pool.alive",
        [
            within("__main__.py", "main", "while True:", "for served in range(41):\n    served < 40 or os._exit(3)"),
        ],
    ),
]

MUTANTS = SIZE + WAITING + INFLUENCE + WORKERS + LEAVING + ALIVE
