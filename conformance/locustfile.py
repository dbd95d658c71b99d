"""The load of more than one machine, by Locust: `python -m conformance.locustfile --host HOST:PORT` and its options.

Users have the conversations of `multiclient.py`, and each reply is judged by the same model; each phase is an event of
its own, and a deliberate error that is answered rightly is no failure. What was acknowledged is gathered where the
master is: with `--mailbox` every message is looked up there in the end, whichever machine sent it. Time-outs are judged
by multiclient, for no user waits for one. Exit status: 0 all right, 1 something was wrong, 4 Locust is not installed or
an option is wrong, 5 a worker is lost and with it what it was told, 6 nobody was greeted.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

try:
    import gevent
    from locust import User, constant, events, runners
    from locust.argument_parser import LocustArgumentParser
    from locust.env import Environment
except ModuleNotFoundError as missing:
    print(f"locustfile: {missing.name} is not installed: pip install 'smtp-conformance[locust]'", file=sys.stderr)
    sys.exit(4)

from conformance.cs4410 import dialect
from conformance.cs4410.load.assignment import Assignment
from conformance.cs4410.mailbox import Folder
from conformance.harness.server import proc
from conformance.harness.settings import UsageError, parse_address, resolve
from conformance.load import table
from conformance.load.findings import shown
from conformance.load.ledger import Books, Ledger
from conformance.load.options import Options
from conformance.load.run import Run
from conformance.load.spool import Spool
from conformance.load.swarm import Fault, Session

LEDGER, CLOSE = "smtp-ledger", "smtp-close"
"""The messages in which workers send what they have written down, and in which they are asked for the last of it."""
LAST = 60.0
"""Seconds in which that comes."""
EACH = 1.0
"""Seconds between two of them."""
SILENT = 30
"""Seconds until the master takes a worker for dead, which on a busy machine draws for long what it will say."""
APART = 100_000
"""By so much the numbers of the users of two workers differ."""
DEFAULT_HOST = "127.0.0.1:8765"
WRONG, USAGE, INCOMPLETE, UNREACHABLE = 1, 4, 5, 6


class Swarm:
    """What the users of one process share.

    Args:
        host: the server.
        given: Locust's options, of the master.
        worker: the number of this process.
    """

    def __init__(self, host: str | None, given: Namespace, worker: int) -> None:
        self.options = _options(host, given)
        self.profile = Assignment(dialect.load(given.dialect), self.options, given.smtp_mark)
        self.ledger = Ledger()
        self.sessions: list[Session] = []
        self._next = APART * worker

    def join(self, environment: Environment) -> Session:
        """Make the session of one more user."""
        dialogue = self.profile.dialogue(self._next, talks=True)
        self._next += 1

        def tell(phase: str, seconds: float, length: int, fault: Fault | None) -> None:
            environment.events.request.fire(
                request_type="SMTP", name=phase, response_time=1000 * seconds, response_length=length, exception=fault,
                context={},
            )  # fmt: skip

        session = Session(self.profile, dialogue, self.ledger, self.options.address, tell)
        self.sessions.append(session)
        return session


_swarms: dict[Environment, Swarm] = {}


class SmtpUser(User):
    """One client, which talks at full speed, or as Locust's shapes bid it."""

    wait_time = constant(0)

    def on_start(self) -> None:
        """Get something to say."""
        self._session = _swarms[self.environment].join(self.environment)

    def say(self) -> None:
        """Make a move."""
        self._session.move()

    tasks = [say]


def _options(host: str | None, given: Namespace) -> Options:
    address = resolve(*parse_address((host or DEFAULT_HOST).removeprefix("smtp://")))
    return Options(address, seed=given.seed, errors=given.errors, time_limit=given.time_limit)


@events.init_command_line_parser.add_listener
def add_options(parser: LocustArgumentParser) -> None:
    """Add ours to Locust's; a worker has those of its master."""
    group = parser.add_argument_group("SMTP, of conformance.locustfile")
    group.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6), help="for the same lines")
    group.add_argument("--errors", type=float, default=0.2, help="share of deliberate errors (0.2)")
    group.add_argument("--time-limit", type=float, default=10.0, help="the server's, in seconds (10)")
    group.add_argument("--dialect", default="cs4410-2016", help="which edition's words, or a TOML file")
    group.add_argument("--mailbox", default="", help="where the master sees the server's mailbox: look up all messages")
    group.add_argument("--smtp-mark", default=f"swarm-{time.time_ns():x}", help="a word that all messages bear")


@events.init.add_listener
def begin(environment: Environment, **_: Any) -> None:
    """Keep the books where the master is, and send to it from everywhere else."""
    runner = environment.runner
    if runner is None:
        return
    runners.HEARTBEAT_LIVENESS = SILENT
    if not isinstance(runner, runners.WorkerRunner):
        profile, books = _books(environment.parsed_options)
        runner.register_message(LEDGER, lambda environment, msg, **_: books.enter(msg.data, msg.node_id))
        environment.events.quitting.add_listener(lambda environment, **_: _close(environment, profile, books))
    if isinstance(runner, runners.MasterRunner):
        environment.events.test_stop.add_listener(lambda environment, **_: _ask_for_the_last(runner, books))
    else:
        runner.register_message(CLOSE, _close_worker)
        environment.events.test_start.add_listener(_start)
        environment.events.test_stop.add_listener(_stop)
        gevent.spawn(_send_again_and_again, environment)


def _start(environment: Environment, **_: Any) -> None:
    # In a thread, for it takes seconds to draw all that is said, and Locust goes on meanwhile.
    given = (environment.host, environment.parsed_options, environment.runner.worker_index)
    _swarms[environment] = gevent.get_hub().threadpool.apply(Swarm, given)


def _stop(environment: Environment, **_: Any) -> None:
    if swarm := _swarms.get(environment):
        for session in swarm.sessions:
            session.leave()
        swarm.sessions.clear()
        _send(environment, swarm, last=True)


def _close_worker(environment: Environment, **_: Any) -> None:
    environment.runner.stop()
    # Once more where that had been done before, and from one that never began as well.
    swarm = _swarms.get(environment)
    environment.runner.send_message(LEDGER, (swarm.ledger if swarm else Ledger()).take(last=True))


def _ask_for_the_last(runner: runners.MasterRunner, books: Books) -> None:
    """Wait for what all workers have to tell: Locust itself gives them half a second."""
    books.expect(one.id for one in runner.clients.all)
    runner.send_message(CLOSE)
    deadline = time.monotonic() + LAST
    while books.missing and time.monotonic() < deadline:
        gevent.sleep(0.05)


def _send_again_and_again(environment: Environment) -> None:
    while True:
        gevent.sleep(EACH)
        if swarm := _swarms.get(environment):
            _send(environment, swarm)


def _send(environment: Environment, swarm: Swarm, last: bool = False) -> None:
    environment.runner.send_message(LEDGER, swarm.ledger.take(last))


def _books(given: Namespace) -> tuple[Assignment, Books]:
    try:
        options = _options(given.host, given)
        profile = Assignment(dialect.load(given.dialect), options, given.smtp_mark)
        if given.mailbox and not Path(given.mailbox).is_dir():
            raise UsageError(f"--mailbox {given.mailbox}: no such directory")
    except (UsageError, dialect.DialectError) as error:
        print(f"locustfile: {shown(str(error))}", file=sys.stderr)
        sys.exit(USAGE)
    return profile, Books(Run(options, profile), Spool(tempfile.TemporaryFile(prefix="swarm-")))


def _close(environment: Environment, profile: Assignment, books: Books) -> None:
    """Judge the whole, say it, and let it be the exit status."""
    run, given = books.run, environment.parsed_options
    store = None
    if given.mailbox:
        row = proc.listener(*run.options.address)
        pid = proc.owner(row) if row else None
        # Backups of a server that ran there before are not this one's.
        store = profile.store(Folder(Path(given.mailbox), proc.started(pid) if pid else 0.0))
    outcome = books.close(store)
    # How many were connected at once is Locust's to say.
    facts = [line for line in table.facts(run, outcome) if not line.startswith("connections: ")]
    print("", *facts, "", *table.findings(run), sep="\n")
    wrong = run.findings.total
    word, status = "RIGHT", None
    if not books.greeted:
        word, status = "NOT REACHED", UNREACHABLE
    elif wrong:
        word, status = "WRONG", WRONG
    elif books.missing:
        word, status = "INCOMPLETE", INCOMPLETE
    print(f"{word}: {run.numbers.count} messages acknowledged, {wrong} wrong; seed {given.seed}")
    if status is not None:
        environment.process_exit_code = status


if __name__ == "__main__":
    os.execv(sys.executable, [sys.executable, "-m", "locust", "-f", __file__, *sys.argv[1:]])
