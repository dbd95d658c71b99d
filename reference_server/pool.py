"""The pool: a constant number of threads, and the monitor through which the accepting thread hands them connections.

What makes `HandOver`, and `mailbox.Mailbox` too, a monitor:

1. The state is private, and so is the one lock that guards it: no caller can forget to take it.
2. Each public method holds the lock from its first line to its last (`with self._lock:`): no thread sees a change half
   made.
3. A method that can't go on yet waits on a condition. All conditions are made from the one lock, and waiting lets go of
   it; awake again, the method holds it again, and looks again (`while`, never `if`), because another thread may have
   been faster.
4. A method that makes a condition come true notifies those who wait for it, while it holds the lock.
"""

import sys
from collections.abc import Callable
from socket import socket
from threading import Condition, Lock, Thread


class HandOver:
    """Monitor: brings each accepted connection to a free worker, and tells the accepting thread when there is one.

    No connection ever waits here for a worker to become free: a worker is reserved before the connection is accepted,
    so all others stay in the kernel's accept backlog ("Considerations" in the assignment).
    """

    def __init__(self) -> None:
        """Start with no worker: a worker counts as free from its first `take` on."""
        self._lock = Lock()
        self._worker_is_free = Condition(self._lock)
        self._connection_is_here = Condition(self._lock)
        self._free_workers = 0
        self._connections: list[socket] = []

    def reserve_worker(self) -> None:
        """Wait until a worker is free and promise it to the caller, who owes it exactly one `give`."""
        with self._lock:
            while self._free_workers == 0:
                self._worker_is_free.wait()
            self._free_workers -= 1

    def give(self, connection: socket) -> None:
        """Hand an accepted connection to the worker that was reserved for it."""
        with self._lock:
            self._connections.append(connection)
            self._connection_is_here.notify()

    def take(self) -> socket:
        """Declare the calling worker free, wait for a connection, and return it; the worker closes it."""
        with self._lock:
            self._free_workers += 1
            self._worker_is_free.notify()
            while not self._connections:
                self._connection_is_here.wait()
            return self._connections.pop()


def start_workers(count: int, hand_over: HandOver, serve: Callable[[socket], None]) -> None:
    """Start the pool's threads: each serves one connection to its end, then takes the next, for as long as we run.

    Args:
        count: number of threads; the assignment asks for 32.
        hand_over: where the workers take their connections from.
        serve: serves one connection until its client is done.
    """
    for number in range(1, count + 1):
        # Daemons, because a client that is still connected must not keep the process from ending.
        Thread(target=_work, args=(hand_over, serve), name=f"worker {number}", daemon=True).start()


def _work(hand_over: HandOver, serve: Callable[[socket], None]) -> None:
    while True:
        with hand_over.take() as connection:
            try:
                serve(connection)
            except Exception as error:  # a worker outlives every client, whatever went wrong with it
                print(f"reference_server: session ended by {error!r}", file=sys.stderr)
