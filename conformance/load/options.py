"""What a run is asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """What a run is asked for.

    Attributes:
        address: the server's numeric host and port.
        connections: how many at once.
        duration: seconds.
        operations: after how many operations no more are begun, or None.
        seed: decides the conversations.
        errors: the share of steps that deviate, 0 to 1.
        time_limit: the server's, in seconds.
        think: seconds of pause between the moves of a client.
        rate: operations a second that become due, whatever the server does; None to go on when a reply has come.
        arrivals: how they follow each other, one of `pace.ARRIVALS`.
        launched: whether the server was started for this run, so that nobody else uses it.
        most_waiters: how many clients may be dedicated to the clock.
        mark: a word that all messages of the run bear, in whatever process; empty for one of this moment.
        worker: the number of this process among those that load a server together, from 1; 0 if it is the only one,
            or keeps the books of them all.
    """

    address: tuple[str, int]
    connections: int = 32
    duration: float = 60.0
    operations: int | None = None
    seed: int = 0
    errors: float = 0.2
    time_limit: float = 10.0
    think: float = 0.0
    rate: float | None = None
    arrivals: str = "even"
    launched: bool = False
    most_waiters: int = 4
    mark: str = ""
    worker: int = 0

    @property
    def waiters(self) -> int:
        """How many clients are dedicated to the clock."""
        return min(self.most_waiters, self.connections // 2)

    @property
    def talkers(self) -> int:
        """How many talk at full speed."""
        return self.connections - self.waiters
