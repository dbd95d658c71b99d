"""Runs the clients: from the first connect to the last reply that is owed, as long as the server is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from conformance.harness.server import proc
from conformance.load.client import Client
from conformance.load.loop import CHECK
from conformance.load.run import Run

ASSEMBLE = 0.4
"""The share of the time limit in which those who are greeted first wait for the others to be greeted."""
AFTER_LIMIT = 3.0
"""Seconds that a run lasts beyond the time limit, so that the time-outs fit."""
DRAIN = 1.0
"""Seconds at the end in which what is owed is waited for, beyond the longest that it may take."""


class Engine:
    """Runs the clients.

    Args:
        run: what they share.
        clients: all of them, in the order in which they are connected.
        alive: says how the server's process ended, or an empty string while it runs.
        progress: called every second with the seconds that have passed.
    """

    def __init__(
        self, run: Run, clients: Sequence[Client], alive: Callable[[], str], progress: Callable[[float], None]
    ) -> None:
        self.run = run
        self._clients = clients
        self._alive = alive
        self._progress = progress
        self._loop, self._gate, self._suspicion, self._pacer = run.loop, run.gate, run.suspicion, run.pacer
        run.local = proc.listener(*run.options.address) is not None

    def run_until(self, duration: float) -> None:
        """Run for so many seconds, or until all operations are done, the server is gone, or the user has enough.

        So that time-outs fit, it lasts for `AFTER_LIMIT` more than the time limit in any case, in watched time.
        """
        run = self.run
        now = began = check = tick = run.start()
        least = began + run.profile.limits.time + AFTER_LIMIT
        self._gate.open(self._clients, began + ASSEMBLE * run.profile.limits.time)
        gone = False
        while not run.interrupted:
            self._turn(now, min(check, tick))
            if now >= check:
                check = now + CHECK
                gone = self._is_gone()
                if gone or (self._loop.watched >= least and (now - began >= duration or not run.talks)):
                    break
                self._check(now)
            if now >= tick:
                tick = now + 1.0
                self._each_second(now - began)
            now = self._loop.monotonic()
        run.seconds = self._loop.monotonic() - began
        self._suspicion.was_late()
        self._stop(gone)

    def _turn(self, now: float, until: float) -> None:
        if self._pacer is None:
            self._loop.turn(now, until)
            self._gate.turn()
        else:
            self._loop.turn(now, min(until, self._pacer.wakes))
            self._gate.turn()
            self._pacer.turn()

    def _check(self, now: float) -> None:
        if self._pacer and not any(client.talks and client.is_owed() for client in self._clients):
            self._suspicion.was_idle()
        self._suspicion.judge()
        for client in self._clients:
            client.check(now)

    def _is_gone(self) -> bool:
        """Whether the server is; if so, that is taken down."""
        run = self.run
        rule, patience = run.profile.rules.alive, run.profile.limits.reply
        if self._gate.refused:
            run.findings.add(rule, "the server takes no connections any more", "a connection", self._gate.refused)
        elif run.is_stalling(patience + run.options.think):
            run.findings.add(rule, f"the server stalled: no client got any reply for {patience:g} s")
        elif ended := self._alive():
            run.findings.add(rule, "the server's process ended", "it runs", ended)
        else:
            return False
        self._suspicion.drop()
        return True

    def _each_second(self, passed: float) -> None:
        run = self.run
        run.tally.tick(passed)
        self._progress(passed)
        if run.local and not run.options.launched and not run.foreign:
            run.foreign = proc.foreign_clients(run.options.address[1], run.ports) > 0

    def _stop(self, gone: bool) -> None:
        """Say nothing new, wait for what is owed, and close everything.

        Args:
            gone: the server is, so that nothing is waited for.
        """
        self.run.stop()
        patience = 0.0 if self.run.interrupted else self.run.profile.limits.greeting
        until = self._loop.watched + DRAIN + patience
        check = now = self._loop.turned
        while not gone and self._loop.watched < until:
            for client in self._clients:
                if not client.is_owed():
                    client.drop()
            if self._loop.idle and not self._suspicion.suspects:
                break
            self._turn(now, check)
            if now >= check:
                check = now + CHECK
                gone = self._is_gone()
                if not gone:
                    self._check(now)
            now = self._loop.monotonic()
        if not gone:
            self._suspicion.judge(all_of_it=True)
        for client in self._clients:
            client.drop()
        self._loop.close()
