"""Mutants of the section "Pool": its size, who waits where, who disturbs whom, and what becomes of its workers."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, begun, headed, replaced
from proof.servers.mutants.clock import TOLD
from proof.servers.mutants.message import READ
from proof.servers.shared import UNPROTECTED_WORKER, accepted

GONE = """\
        except (EOFError, OSError):
            pass  # the client is gone, and nobody is left to be told
"""


def threads(count: int) -> Edit:
    """A pool of another size."""
    return Edit("__main__.py", '"--threads", default=32', f'"--threads", default={count}')


def gone(code: str) -> list[Edit]:
    """Do something when a client has left."""
    return [
        headed("session.py", "import os\nfrom time import sleep"),
        Edit("session.py", GONE, f"        except (EOFError, OSError):\n            {code}\n"),
    ]


def looked_for_every(seconds: int) -> Edit:
    """Accept a connection first, and look for a free worker now and then."""
    look = f"while not hand_over._free_workers:\n                time.sleep({seconds})"
    return accepted(f"connection = _accept(listener)\n            {look}", "connection")


SIZE = [
    Mutant(
        "one-session-at-a-time",
        "pool.32",
        [
            headed("__main__.py", "from threading import Lock\nONE = Lock()"),
            Edit("__main__.py", "        Session(Channel(", "        with ONE:\n            Session(Channel("),
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
        [Edit("__main__.py", "            hand_over.reserve_worker()\n", ""), TAKE_FIRST],
    ),
    Mutant(
        "one-connection-accepted-ahead",
        "pool.ahead",
        [accepted("connection = _accept(listener)", "connection")],
    ),
    Mutant("free-worker-looked-for-every-eight-seconds", "pool.next pool.prompt pool.ahead", [looked_for_every(8)]),
    Mutant("free-worker-looked-for-every-two-seconds", "pool.prompt pool.ahead", [looked_for_every(2)]),
    Mutant(
        "free-worker-told-to-nobody",
        "pool.frees pool.frees-at-once pool.next pool.prompt",
        [
            Edit("pool.py", "self._worker_is_free.wait()", "self._worker_is_free.wait(8)"),
            Edit("pool.py", "            self._worker_is_free.notify()\n", ""),
        ],
    ),
]

INFLUENCE = [
    Mutant(
        "lock-held-while-a-body-is-read",
        "pool.no-influence",
        [
            headed("session.py", "from threading import Lock\nDELIVERY = Lock()"),
            Edit("session.py", READ, "        with DELIVERY:\n    " + READ),
        ],
    ),
    Mutant(
        "lock-held-while-a-line-is-unfinished",
        "pool.no-influence",
        [
            headed("session.py", "from threading import Lock\nINPUT = Lock()"),
            Edit(
                "session.py",
                "            self._receive()\n        line = ",
                "            self._receive()\n"
                "            with INPUT:\n"
                "                while CRLF not in self._received:\n"
                "                    self._receive()\n"
                "        line = ",
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
            Edit("session.py", "except (EOFError, OSError):\n            pass", "except EOFError:\n            pass"),
        ],
    ),
    Mutant(
        "worker-lost-for-each-client-that-leaves-in-its-body",
        "pool.frees pool.survives",
        [
            UNPROTECTED_WORKER,
            Edit(
                "session.py",
                READ,
                "        try:\n"
                "            body = self._channel.read_body()\n"
                "        except EOFError:\n"
                '            raise IndexError("no line left") from None\n',
            ),
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
        [UNPROTECTED_WORKER, Edit("session.py", TOLD, TOLD + '            raise RuntimeError("a client was slow")\n')],
    ),
]

LEAVING = [
    Mutant("client-that-left-keeps-its-worker", "pool.frees pool.frees-at-once", gone("sleep(86_400)")),
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
            headed("session.py", "from time import sleep"),
            Edit(
                "session.py",
                "                    raise EOFError\n",
                "                    sleep(0.01)\n                    continue\n",
            ),
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
            Edit(
                "session.py",
                GONE,
                "        except EOFError:\n            pass\n        except OSError:\n            os._exit(3)\n",
            ),
        ],
    ),
    Mutant(
        "process-ends-after-40-connections",
        "pool.alive",
        [
            Edit(
                "__main__.py",
                "        while True:\n            hand_over.reserve",
                "        for _ in range(40):\n            hand_over.reserve",
            ),
        ],
    ),
]

MUTANTS = SIZE + WAITING + INFLUENCE + WORKERS + LEAVING + ALIVE
