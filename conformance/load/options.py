"""What a run is asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """What a run is asked for.

    Attributes:
        address: the server's numeric host and port.
        connections: how many at once, from 2 to 32.
        duration: seconds.
        operations: after how many operations no more are begun, or None.
        seed: decides the conversations.
        errors: the share of steps that deviate, 0 to 1.
        time_limit: the server's, in seconds.
        think: seconds of pause between the moves of a client.
        rate: operations a second that become due, whatever the server does; None to go on when a reply has come.
        arrivals: how they follow each other, one of `pace.ARRIVALS`.
        launched: whether the server was started for this run, so that nobody else uses it.
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

    @property
    def waiters(self) -> int:
        """How many clients are dedicated to the clock."""
        return min(4, self.connections // 2)

    @property
    def talkers(self) -> int:
        """How many talk at full speed."""
        return self.connections - self.waiters
