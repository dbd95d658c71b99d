"""Mutants of the section "Pool" that are seen in the source alone: primitives that the assignment does not permit."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, headed, replaced

WITH_QUEUE = """
def take(self) -> socket:
    with self._worker_is_free:
        self._free_workers += 1
        self._worker_is_free.notify()
    return self._connections.get()
"""
GIVE_TO_QUEUE = """
def give(self, connection: socket) -> None:
    self._connections.put(connection)
"""
LIST = "self._connections: list[socket] = []"


def queued(imports: str, queue: str) -> list[Edit]:
    """Hand connections over in a queue.

    Args:
        imports: a statement that imports it.
        queue: an expression for a new one.
    """
    return [
        headed("pool.py", imports),
        Edit("pool.py", LIST, f"self._connections = {queue}"),
        replaced("pool.py", "HandOver.give", GIVE_TO_QUEUE),
        replaced("pool.py", "HandOver.take", WITH_QUEUE),
    ]


MUTANTS = [
    Mutant(
        "connections-in-a-queue",
        "pool.primitives",
        queued("from queue import Queue", "Queue()"),
    ),
    Mutant(
        "connections-in-a-queue-of-multiprocessing",
        "pool.primitives",
        queued("import multiprocessing.dummy as threads", "threads.Queue()"),
    ),
    Mutant(
        "workers-of-an-executor",
        "pool.primitives",
        [
            headed("pool.py", "from concurrent import futures"),
            replaced(
                "pool.py",
                "start_workers",
                """
                def start_workers(count: int, hand_over: HandOver, serve: Callable[[socket], None]) -> None:
                    executor = futures.ThreadPoolExecutor(count)
                    for _ in range(count):
                        executor.submit(_work, hand_over, serve)
                """,
            ),
        ],
    ),
    Mutant(
        "threads-without-thread",
        "pool.primitives",
        [
            headed("pool.py", "import _thread"),
            replaced(
                "pool.py",
                "start_workers",
                """
                def start_workers(count: int, hand_over: HandOver, serve: Callable[[socket], None]) -> None:
                    for _ in range(count):
                        _thread.start_new_thread(_work, (hand_over, serve))
                """,
            ),
        ],
    ),
    Mutant(
        "start-of-the-backup-thread-told-by-an-event",
        "pool.other-primitives",
        [
            headed("mailbox.py", "from threading import Event"),
            replaced(
                "mailbox.py",
                "start_backup_thread",
                """
                def start_backup_thread(mailbox: Mailbox) -> None:
                    running = Event()

                    def back_up_for_ever() -> None:
                        running.set()
                        while True:
                            mailbox.back_up()

                    Thread(target=back_up_for_ever, daemon=True).start()
                    running.wait()
                """,
            ),
        ],
    ),
]
