"""All that one process needs to run its cases: a server in the foreground, and one behind for cases that wait.

Cases that wait for a clock wait side by side in threads, on a server of their own where it can be started twice,
while the others are run one after the other.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass
from threading import Semaphore, Thread

from conformance.harness.run.bench import Bench, Plan
from conformance.harness.run.probe import Found
from conformance.harness.server.kind import Kind
from conformance.harness.server.target import Addressed, Launched, Server, Unreachable
from conformance.harness.settings import Settings
from conformance.harness.verdict.verdict import Record
from conformance.profile import Profile

WAITING = 16
"""Cases that wait at once."""
LEFT = 3
"""Places that they leave to others where all share one server: one for each of the three workers that go on."""


def waiting_at_once(kind: Kind, shared: bool) -> int:
    """How many cases wait side by side on a server of a kind.

    Args:
        kind: of the server.
        shared: whether all cases share it.
    """
    return min(WAITING, max(1, kind.places - LEFT)) if shared else WAITING


@dataclass
class Runner:
    """Runs cases on the server under test.

    Args:
        settings: the options of the run.
        profile: what is judged by.
        found: what the first look found.
    """

    settings: Settings
    profile: Profile
    found: Found

    def __post_init__(self) -> None:
        self._front: Bench | None = None
        self._behind: Bench | None = None
        self._own: list[Bench] = []
        self._waiting: dict[str, Future[Record]] = {}
        self._ends: dict[str, str] = {}

    @property
    def shared(self) -> bool:
        """Whether waiting cases share the one server there is."""
        return self.found.command is None or self.only_one(self.found)

    @staticmethod
    def only_one(found: Found) -> bool:
        """Whether the server takes no port, so that only one can be started at a time."""
        return found.command is not None and "{port}" not in found.command

    def wait_behind(self, plans: list[Plan]) -> None:
        """Begin to run waiting cases, in this order; `run` then waits for their records.

        Those that need a server of their own do not wait beside others where there is but one.
        """
        if self.shared:
            plans = [plan for plan in plans if not plan.own]
        if not plans or self._waiting:
            return
        self._behind = self.front if self.shared else self._bench()
        with suppress(Unreachable):  # as each of them will find for itself
            self._behind.server.prepare(fresh=True)
        self._behind.server.shared = True
        self._waiting = {plan.id: Future() for plan in plans}
        # Daemons, because an interrupted run must not wait for clocks.
        Thread(target=self._wait_together, args=(self._behind, plans), daemon=True).start()

    def _wait_together(self, bench: Bench, plans: list[Plan]) -> None:
        free = Semaphore(waiting_at_once(self.profile.kind, self.shared))
        with bench.server.places.waiting():
            for plan in plans:
                free.acquire()
                Thread(target=self._attempt, args=(bench, plan, free), daemon=True).start()
            wait(self._waiting.values())
            bench.server.shared = False

    def _attempt(self, bench: Bench, plan: Plan, free: Semaphore) -> None:
        future, rules = self._waiting[plan.id], self.profile.kind.rules
        try:
            if plan.own:
                record = self._run_apart(plan)
            elif (record := bench.attempt(plan)).verdict == "void":
                # Side by side once more: what the server died of is for the others to find.
                record = bench.attempt(plan)
                self._ends[plan.id] = bench.server.take_end()
            if record.blocked_by in rules.given_up and not self.found.failed(rules) and not self.shared:
                # Side by side they are not served, but perhaps each of them.
                record = self._run_apart(plan)
            future.set_result(record)
        except BaseException as error:
            future.set_exception(error)
        finally:
            free.release()

    def _run_apart(self, plan: Plan) -> Record:
        """Run a case on a server that is started for it alone."""
        bench = self._bench()
        self._own.append(bench)
        try:
            return bench.run(plan)
        finally:
            bench.server.stop()

    def run(self, plan: Plan) -> Record:
        """Run a case, or take the record of one that was waiting; one that was spoiled there is run again alone.

        Where the server ended under those that waited, one of them says so, whether that shows again or not.
        """
        record = self._run(plan)
        told = {finding.requirement for finding in record.findings}
        if (end := self._ends.pop(plan.id, "")) and self.profile.kind.rules.alive not in told:
            self.front.find_end(record, f"{end}\n(while cases waited side by side, of which this is one)")
            record.conceal()
            record.before = [id for id in self._waiting if id != plan.id]
        return record

    def _run(self, plan: Plan) -> Record:
        future = self._waiting.get(plan.id)
        if future is not None:
            record = future.result()
            if record.verdict != "void":
                return record
        if plan.own and not self.shared:
            return self._run_apart(plan)
        if self.settings.alone_again:
            # What was learned of the server from one case is not to decide another one.
            return self._bench(self.front.server).run(plan)
        return self.front.run_until_broken(plan, self.settings.times)

    @property
    def front(self) -> Bench:
        """The server for the cases that are run one after the other."""
        if self._front is None:
            self._front = self._bench()
        return self._front

    def _bench(self, server: Server | None = None) -> Bench:
        failed = () if self.settings.alone_again else self.found.failed(self.profile.kind.rules)
        return Bench(server or self._server(), self.settings, self.profile, failed, self.found.learned)

    def _server(self) -> Server:
        kind, found, manners = self.profile.kind, self.found, self.found.manners()
        if found.command is None:
            return Addressed(kind, (found.host, found.port), manners, found.mailbox, found.no_mailbox)
        launched = Launched(kind, found.command, self.settings.time_limit, manners, self.settings.wrap)
        launched.no_store = found.no_mailbox
        return launched

    @property
    def notes(self) -> list[str]:
        """Lines for the reader of the report."""
        return list(dict.fromkeys(note for bench in self._benches for note in bench.notes))

    def take_complaints(self) -> Counter[str]:
        """The exceptions and crashes that its servers printed since they were last taken, how often each."""
        found: Counter[str] = Counter()
        for bench in self._benches:
            found += bench.server.complaints.take()
        return found

    @property
    def refusal(self) -> str:
        """Why no case can be run on the server any more; empty as long as one can."""
        return next((why for bench in self._benches if (why := bench.server.refusal)), "")

    def stop(self) -> None:
        """End what was started; cases that still wait are left."""
        for bench in self._benches:
            bench.server.stop()

    @property
    def _benches(self) -> list[Bench]:
        return [bench for bench in (self._front, self._behind, *self._own) if bench]
