"""One client's connection to the server under test: it connects, is greeted, and leaves."""

from __future__ import annotations

import time
from contextlib import suppress

from conformance.cs4410 import blame
from conformance.cs4410.dialect import Fit
from conformance.cs4410.scene import KNOCK, KNOCKED, MailScene
from conformance.harness.rules import LATE
from conformance.harness.verdict.verdict import Blocked, Void
from conformance.harness.wire.connection import Closed, Connection, Refused, Silent, WireError
from conformance.harness.wire.reply import LONGEST_REPLY, Reply

NO_GREETING = 0.02
"""Seconds that a greeting is waited for that no client has had yet."""
UNGREETED = {
    "pool.32": "no greeting while other clients are connected",
    "pool.frees": "no greeting though all other clients have left",
}


class Link:
    """A connection that counts among the case's.

    Attributes:
        netid: the server's name for itself, from its greeting.
        left: how it has left: `close`, `reset` or `half_close`; empty while it is there.
        valid_sent: when the last command that restarts the clock was sent (or the connect begun): the clock of the
            server cannot have started earlier.
        valid_read: when its reply was read: the clock cannot have started later.
        greeted_late: whether a greeting may still come, though the client has gone on without it.
    """

    def __init__(self, case: MailScene) -> None:
        self._case = case
        self._connection: Connection | None = None
        self.netid = ""
        self.left = ""
        self.valid_sent = self.valid_read = 0.0
        self.greeted_late = False
        self._side_by_side = 0

    @property
    def wire(self) -> Connection:
        """The connection."""
        assert self._connection, "the client is not connected"
        return self._connection

    @property
    def connection(self) -> int:
        """The connection's number in the transcript; 0 if there is none."""
        return self._connection.number if self._connection else 0

    @property
    def ended(self) -> bool:
        """Whether the server has ended the connection."""
        return self._connection is not None and self._connection.ended

    def open(self) -> None:
        """Connect and read the greeting as a set-up step.

        Raises:
            Blocked: the server takes no connections, or does not greet.
            Void: the server greets nobody any more but can be started again.
        """
        with self._case.server.places.connecting():
            self.connect()
            self.take_greeting()

    def connect(self) -> None:
        """Connect, and say something where nobody is greeted who does not.

        Raises:
            Blocked: the server takes no connections.
        """
        case, server = self._case, self._case.server
        hopeful = {"greeting"} if self.speaks_first else set[str]()
        hopeful |= set() if server.open_ports else {"pool.32"}  # one client is served even by one that serves no more
        for rule, why in case.patience.rules.given_up.items():
            if case.patience.given_up(rule, case.judges(rule)) and rule not in hopeful:
                raise Blocked(rule, f"{why} three times in a row, and no more are waited for")
        server.connections += 1
        try:
            patience = case.patience.patience()
            self._connection = Connection(
                server.address, case.record.transcript, server.manners, patience, server.first_socket()
            )
        except Refused as error:
            raise case.breach("pool.alive", str(error), "a connection", "none") from None
        except (Silent, Closed) as error:
            raise self._not_greeted(error) from None
        server.own_ports.add(self.wire.local_port)
        server.open_ports.add(self.wire.local_port)
        self._side_by_side = len(server.open_ports)
        self.valid_sent = self.wire.began
        if self._knocks:
            with suppress(WireError):  # it may have left already
                self.wire.send(KNOCK)

    @property
    def _knocks(self) -> bool:
        return KNOCKED in self._case.learned and not self._case.judges("greeting")

    @property
    def speaks_first(self) -> bool:
        """Whether the client waits for no greeting: the server is known to greet nobody, and to answer all the same."""
        case = self._case
        return not case.server.greets and case.patience.answers and not case.judges("greeting")

    def take_greeting(self) -> None:
        """Read the greeting as a set-up step: any line will do, or none of a server that answers without.

        Raises:
            Blocked: none came.
            Void: the server greets nobody any more but can be started again.
        """
        case = self._case
        patience = case.patience.patience()
        if self.speaks_first:  # before it is timed out
            patience = NO_GREETING if case.patience.given_up("greeting") else min(patience, 0.5 * case.limit)
        try:
            reply = self._greeting(time.monotonic() + patience)
        except WireError as error:
            stopped = self._not_greeted(error)
            if not (isinstance(error, Silent) and self.speaks_first):
                raise stopped from None
            self.greeted_late = True
            self.valid_read = time.monotonic()
            return
        self._greeted(reply)
        self._note_wait(reply.at - self.wire.connected)
        case.patience.record_setup("pool.frees", True)
        flood = case.server.manners.more_after("") and self.wire.waiting(0.05) >= LONGEST_REPLY
        right = reply.code == case.dialect.code("greeting") and not reply.truncated and not flood
        refused = reply.code.startswith(("4", "5")) or reply.truncated or flood or not case.patience.answers
        goes_on = right or not (refused or case.judges("greeting"))
        case.patience.record_setup("greeting", goes_on, case.judges("greeting"))
        if not goes_on:
            raise case.breach("greeting", "not a greeting", self._shown("greeting"), reply.text, about=[self])

    def _note_wait(self, seconds: float) -> None:
        case, server = self._case, self._case.server
        if seconds <= LATE:
            server.side_by_side = max(server.side_by_side, self._side_by_side)
            if self._side_by_side > 1:  # one client is greeted by a server of one at a time, too
                case.patience.record_setup("pool.32", True)
        elif self._side_by_side <= server.side_by_side:
            server.greets_late()
            if server.launched and server.connections > server.kind.places:
                case.patience.freed_late()
        elif server.side_by_side == 1:  # it has greeted this one now that another was timed out, or has left
            case.patience.record_setup("pool.32", False, case.judges("pool.32"))

    def _greeting(self, deadline: float) -> Reply:
        reply = self.wire.reply(deadline)
        if self._knocks and self._case.learned[KNOCKED] == "answered":
            self.wire.reply(deadline)
        return reply

    def _not_greeted(self, error: WireError) -> Exception:
        case, server = self._case, self._case.server
        silent = isinstance(error, Silent)
        if silent and server.greets and server.note_no_greeting():
            return Void("the server greets nobody any more")
        rule = blame.no_greeting(silent, server.greets, len(server.open_ports) > 1, server.connections > 1)
        why = UNGREETED.get(rule, f"no greeting: {error}")
        case.patience.record_setup(rule, False, case.judges(rule))
        return case.breach(rule, why, self._shown("greeting"), str(error), about=[self])

    def _greeted(self, reply: Reply) -> None:
        # Whatever greets in other words names nobody that other replies could be held against.
        fits = self._case.dialect.fit(reply.text, "greeting", {}) > Fit.CODE
        self.netid = reply.text.split(" ")[1] if fits else ""
        self.greeted_late = False
        self.valid_read = reply.at
        self._case.server.greets |= reply.code != self._case.dialect.code("timeout")
        self._case.pace.add("greeting", reply.at - self.wire.connected)

    def _shown(self, kind: str) -> str:
        return self._case.dialect.show(kind, {"netid": (self.netid,)} if self.netid else {})

    def leave(self, how: str) -> None:
        """Leave by `close`, `reset` or `half_close`."""
        self.left = how
        if how == "close":
            self.wire.close(told=True)
        else:
            getattr(self.wire, how)()

    def await_end(self) -> None:
        """Wait until the server ends the connection, or the time for that has long passed."""
        self.wire.wait_closed(self.valid_read + max(2 * self._case.limit, self._case.limit + LATE))

    def close(self) -> None:
        """Leave, if connected."""
        if self._connection:
            self.left = self.left or "close"
            self._connection.close()
            self._case.server.open_ports.discard(self._connection.local_port)
