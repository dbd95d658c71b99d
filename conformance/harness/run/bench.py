"""Runs one case on one server and turns whatever happens into findings: the place where blame is decided."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from conformance.harness.client.scene import Scene
from conformance.harness.run import printed
from conformance.harness.server.patience import Patience
from conformance.harness.server.target import Server, Unreachable
from conformance.harness.settings import Settings
from conformance.harness.verdict.result import Finding
from conformance.harness.verdict.verdict import CONTROL_BREAKS, Blocked, Broken, Record, Skipped, Void
from conformance.harness.wire.connection import WireError
from conformance.profile import Profile, Run

FOUND = ("fail", "warn")
UNSTEADY = "unsteady, not so a second time"
TRIES = 3
"""How often a case is run again that the suite itself spoiled."""
SOON, MANY_WAITS = 0.2, 200
"""Seconds in which a server that dies is seen to, and how often that is waited for in vain before it is less."""


@dataclass(frozen=True)
class Plan:
    """How a case is to be run.

    Attributes:
        id: its path inside the package and its name.
        requirements: what it judges, the main one first.
        body: the case itself.
        control: the same without what is judged; where that breaks as well, the case is blocked.
        places: how many connections it holds at once; 0 if it takes them as it needs them, None if it holds the server
            alone.
        fresh: whether a launched server is to have had no client before.
        own: whether it waits on a server of its own, where one can be started; elsewhere it is run alone.
        searches: whether it sees by itself that what it finds shows again.
    """

    id: str
    title: str
    requirements: tuple[str, ...]
    body: Callable[[Any], None]
    control: Callable[[Any], None] | None = None
    places: int | None = 1
    fresh: bool = False
    own: bool = False
    searches: bool = False


class Bench:
    """A server with everything that a case needs to be run on it.

    Args:
        server: the server under test.
        settings: the options of the run.
        profile: what is judged by.
        failed: what failed at the first look, as `Found.failed` names it.
        learned: what the profile learned there.
    """

    def __init__(
        self,
        server: Server,
        settings: Settings,
        profile: Profile,
        failed: Sequence[str] = (),
        learned: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.server = server
        self.notes: list[str] = []
        self._settings = settings
        self._learned = learned
        self._ledger = profile.ledger(settings.own)
        self._profile = profile
        self._patience = Patience(settings.time_limit, server.kind.rules)
        self._waits = 0
        self._tried_afresh: set[str] = set()
        server.greets = server.kind.rules.greeting not in failed
        for rule in failed:
            self._patience.doubt(rule)

    @property
    def _alive(self) -> str:
        return self.server.kind.rules.alive

    def run(self, plan: Plan) -> Record:
        """Run a case, again where the suite itself spoiled it or the server died under it.

        A server that dies breaks `Rules.alive`, also when nobody is there; one that dies twice under the same case has
        shown nothing else.
        """
        died = self.server.ended()
        when = "before" if died else "during"
        mark = self.server.complaints.mark()
        record = self._once(plan)
        for _ in range(TRIES - 1):
            end = self.server.ended(self._until_it_ends(record))
            if end and died:
                break
            if not end and record.verdict != "void":
                break
            died = end or died
            record = self._once(plan)
        record = self._conclude(plan, record, died, when)
        printed.quote(record, self.server.complaints.since(mark))
        record.conceal()
        return record

    def run_until_broken(self, plan: Plan, times: int) -> Record:
        """Run a case again while it finds nothing, so many times at the most."""
        record = self.run(plan)
        for _ in range(times - 1):
            if record.verdict in FOUND:
                break
            record = self.run(plan)
        if record.verdict in FOUND:
            self._look_for_what_led_to_it(plan, record)
        return record

    def _look_for_what_led_to_it(self, plan: Plan, record: Record) -> None:
        """Keep the cases before it where the finding does not show without them: looked for once a requirement."""
        before, server = self.server.cases[:-1], self.server
        found = {finding.requirement for finding in record.findings if finding.verdict in FOUND}
        if not before or found <= self._tried_afresh or not server.launched or server.shared:
            return
        self._tried_afresh |= found
        try:
            server.prepare(fresh=True)
        except Unreachable:
            return
        if not found & {finding.requirement for finding in self._once(plan).findings}:
            record.before = before

    def _conclude(self, plan: Plan, record: Record, died: str, when: str) -> Record:
        if died:
            end = died
            if again := self.server.ended(0.2):
                # Whatever else the case has seen comes of it.
                record.findings.clear()
                record.blocked_by = None
                end = f"{again}\n(twice, of this case)"
                self.server.stop()  # it has been told, and is not the next case's
            else:
                left = died.splitlines()[0].partition("; it printed")[0]
                self.notes.append(f"{left} {when} {plan.id}, and was started again")
            self.find_end(record, end, record.transcript.latest(2))
        if record.verdict == "void":
            reason = record.findings[-1].reason
            record.findings.clear()
            record.set_aside("skip", f"could not be judged in {TRIES} tries: {reason}")
        return record

    def find_end(self, record: Record, end: str, about: Sequence[int] = ()) -> None:
        """Have a case find that the server ended: it need not have been the cause, but it was there."""
        record.requirements = tuple(dict.fromkeys((*record.requirements, self._alive)))
        record.find(self._alive, end, "the server goes on", "it ended", about)

    def attempt(self, plan: Plan) -> Record:
        """Run a case once, beside others; `void` where that was spoiled, or the server died under them all."""
        mark, starts = self.server.complaints.mark(), self.server.starts
        record = self._once(plan)
        # Another case may have started it again before this one looks.
        if (patience := self._until_it_ends(record)) and (self.server.ended(patience) or self.server.starts != starts):
            record.set_aside("void", "the server died while several cases were run")
        printed.quote(record, self.server.complaints.since(mark))
        record.conceal()
        return record

    def _once(self, plan: Plan) -> Record:
        record = Record(plan.id, plan.title, plan.requirements, self._ledger)
        began = time.monotonic()
        try:
            self.server.prepare()
            places = self.server.places
            with places.take_all() if plan.places is None else places.acquire(plan.places):
                self.server.prepare(plan.fresh)  # not before, for others may have been served until now
                self.server.connections_before = self.server.connections
                self.server.cases.append(plan.id)
                began = time.monotonic()
                self._play(plan, record)
        except Unreachable as error:
            record.set_aside("blocked", f"the server does not start again: {error}", by=self._alive)
        if self._alive not in plan.requirements and self._is_gone(record):
            record.findings.clear()
            record.set_aside("blocked", "the server is gone: nothing listens there any more", by=self._alive)
        record.seconds = time.monotonic() - began
        return record

    def _is_gone(self, record: Record) -> bool:
        """Whether a server that nobody can start again has ended under a case, which may be seen a little later."""
        latest = time.monotonic() + (self._until_it_ends(record) if record.verdict == "fail" else 0.0)
        while record.verdict in ("fail", "blocked") and not self.server.launched:
            if self.server.gone or time.monotonic() >= latest:
                return self.server.gone
            time.sleep(0.02)
        return False

    def _until_it_ends(self, record: Record) -> float:
        """Seconds in which a server may yet be seen to end: none where the case went well or did not touch it."""
        ends = record.transcript.connections and record.verdict in ("fail", "warn", "blocked", "void")
        return self._soon() if ends else 0.0

    def _soon(self) -> float:
        """Seconds in which a server is seen to end; fewer once it has been waited for in vain very often."""
        self._waits += 1
        return SOON if self._waits <= MANY_WAITS else SOON / 10

    def _case(self, record: Record) -> Run:
        return self._profile.case(Scene(record, self.server, self._settings, self._patience, self._learned))

    def _play(self, plan: Plan, record: Record) -> None:
        case = self._case(record)
        try:
            plan.body(case)
            self._confirm(plan, record)
        except Broken as broken:
            # A server that has died is not to be started again for the control before that is seen.
            if case.hung_up_on and self.server.ended(self._soon()):
                record.find(*broken.finding, broken.about)
            else:
                case.close()  # or the control would not be served by a server of one client at a time
                self._decide(plan, record, broken)
        except Blocked as blocked:
            by, reason, expected, actual = blocked.finding
            record.set_aside("blocked", reason, by, expected, actual)
            record.about += blocked.about
        except WireError as error:
            record.find(plan.requirements[0], str(error), "a reply", "none", record.transcript.latest(2))
        except Skipped as skipped:
            record.set_aside("skip", str(skipped))
        except Void as void:
            record.set_aside("void", str(void))
        finally:
            case.close()

    def _decide(self, plan: Plan, record: Record, broken: Broken) -> None:
        try:
            base = self._control_breaks(plan)
        except Void as void:
            record.set_aside("void", str(void))
            return
        if base:
            record.set_aside("blocked", CONTROL_BREAKS, base, *broken.finding[2:])
            record.about += broken.about
        elif self.server.kind.twice and broken.finding[0] not in self._found_again(plan):
            rule, reason, expected, actual = broken.finding
            record.find(rule, f"{UNSTEADY}: {reason}", expected, actual, broken.about, "note")
        else:
            record.find(*broken.finding, broken.about)

    def _confirm(self, plan: Plan, record: Record) -> None:
        """Only note what a case that went on to its end has found broken and does not find a second time."""
        if plan.searches or not self.server.kind.twice or record.verdict != "fail":
            return
        again = self._found_again(plan)
        for at, one in enumerate(record.findings):
            if one.verdict == "fail" and one.requirement not in again:
                reason = f"{UNSTEADY}: {one.reason}"
                record.findings[at] = Finding(one.requirement, "note", reason, one.expected, one.actual)

    def _found_again(self, plan: Plan) -> set[str]:
        """The requirements that a case finds broken when it is run once more."""
        record = Record(plan.id, plan.title, plan.requirements, self._ledger)
        case = self._case(record)
        try:
            plan.body(case)
        except Broken as again:
            return {again.finding[0]}
        except (Blocked, Skipped, Void, WireError):
            return set()
        finally:
            case.close()
        return {one.requirement for one in record.findings if one.verdict in FOUND}

    def _control_breaks(self, plan: Plan) -> str:
        """The requirement that the case breaks even without what it judges, or an empty string."""
        if plan.control is None or (plan.fresh and not self.server.launched):
            # Of a server that cannot be started anew, the plain case has been run before on what is now worn.
            return ""
        if plan.fresh:
            self.server.prepare(fresh=True)
            self.server.connections_before = 0
        record = Record(plan.id, plan.title, plan.requirements, self._ledger)
        case = self._case(record)
        try:
            plan.control(case)
        except Broken as broken:
            return broken.base or broken.finding[0]
        except Blocked as blocked:
            return blocked.by
        except (Skipped, WireError):
            return ""
        finally:
            case.close()
        return ""
