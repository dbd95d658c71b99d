"""The load of more than one machine, by Locust: `python -m conformance.locustfile --host HOST:PORT` and its options.

Users have the conversations of `multiclient.py`, by the assignment or with `--profile rfc5321` by the standard, and
each reply is judged by the same model; each phase is an event of its own, and a deliberate error that is answered
rightly is no failure. What was acknowledged is gathered where the master is: with `--mailbox` or `--store` all messages
are looked up there in the end, whichever machine sent them. Time-outs, and how many are served at once, are judged by
multiclient. Exit status: 0 all right, 1 something was wrong, 4 Locust is not installed or an option is wrong, 5 a
worker is lost and with it what it was told, 6 nobody was greeted, or no mail was taken.
"""

from __future__ import annotations

import io
import itertools
import math
import os
import random
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from typing import Any, NoReturn

try:
    import gevent
    from locust import User, constant, events, runners
    from locust.argument_parser import LocustArgumentParser
    from locust.env import Environment
except ModuleNotFoundError as missing:
    print(f"locustfile: {missing.name} is not installed: pip install 'smtp-conformance[locust]'", file=sys.stderr)
    sys.exit(4)

from conformance.cs4410.load.front import Front as Assignment
from conformance.harness.settings import UsageError, parse_address, resolve
from conformance.load import table
from conformance.load.findings import shown
from conformance.load.front import Front, Prepared, given_of, number
from conformance.load.ledger import Books, Ledger
from conformance.load.options import Options
from conformance.load.run import Run
from conformance.load.swarm import Fault, Session
from conformance.rfc5321.load.front import Front as Standard

FRONTS: dict[str, Front] = {"cs4410": Assignment(), "rfc5321": Standard()}
DEFAULT = "cs4410"
AT_MASTER = ("mailbox", "store")
"""Options that are nothing to workers, who may be on other machines."""
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
MOST_WORKERS = 1000
"""Beyond them begin the numbers of the workers in the next test, if the web page is asked for another one."""
RIGHT, WRONG, USAGE, INCOMPLETE, UNREACHABLE = 0, 1, 4, 5, 6
STATUS = {"RIGHT": RIGHT, "WRONG": WRONG, "INCOMPLETE": INCOMPLETE, "NOTHING": UNREACHABLE, "NOT REACHED": UNREACHABLE}


class Swarm:
    """What the users of one process share.

    Args:
        host: the server.
        given: Locust's options, of the master.
        worker: the number of this process, from 1.

    Raises:
        UsageError: on this machine it cannot be.
    """

    def __init__(self, host: str | None, given: Namespace, worker: int) -> None:
        self.options, prepared = _prepare(host, given, worker)
        self.profile = prepared.profile
        self.ledger = Ledger(self.profile, prepared.secrets)
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
_tests = itertools.count()


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


@events.init_command_line_parser.add_listener
def add_options(parser: LocustArgumentParser | ArgumentParser) -> None:
    """Add ours to Locust's; a worker has those of its master."""
    what = f"with --profile NAME, what is judged by: {DEFAULT} (the default) or {', '.join({*FRONTS} - {DEFAULT})}"
    add = parser.add_argument_group("SMTP, of conformance.locustfile", what).add_argument
    seed = random.SystemRandom().randrange(10**6)
    add(
        "--seed",
        type=number(0, 2**63, "a number, 0 or more", int),
        default=seed,
        metavar="N",
        help="for the same lines",
    )
    share = number(0, 1, "a share, 0 to 1")
    add("--errors", type=share, default=0.2, metavar="RATE", help="share of deliberate errors (0.2)")
    add("--smtp-mark", default=f"swarm-{time.time_ns():x}", metavar="WORD", help="a word that all messages bear")
    for front in FRONTS.values():
        front.add(parser.add_argument_group(front.title).add_argument)


def _prepare(host: str | None, given: Namespace, worker: int = 0) -> tuple[Options, Prepared]:
    """What is asked for, and what the process is made with: that of a worker, or the one of the books.

    Raises:
        UsageError: it cannot be.
    """
    front = FRONTS.get(given.smtp_profile)
    if front is None:
        raise UsageError(f"--profile {given.smtp_profile}: {' or '.join(FRONTS)}")
    for name, other in FRONTS.items():
        if other is not front and (option := given_of(other, given)):
            raise UsageError(f"{option} is of --profile {name}")
    target = (host or f"127.0.0.1:{front.kind.port}").removeprefix("smtp://")
    address = resolve(*parse_address(target))
    given = Namespace(**{**vars(given), "target": target, "host": None, "launch": None})
    if worker:
        vars(given).update(dict.fromkeys(AT_MASTER))
    seed = int(given.seed)
    asked = Options(address, duration=math.inf, seed=seed, errors=given.errors, mark=given.smtp_mark, worker=worker)
    asked = front.options(given, asked)
    return asked, front.prepare(given, asked, None, io.BytesIO() if worker else tempfile.TemporaryFile(prefix="swarm-"))


def _refuse(error: UsageError) -> NoReturn:
    print(f"locustfile: {shown(str(error))}", file=sys.stderr)
    sys.exit(USAGE)


@events.init.add_listener
def begin(environment: Environment, **_: Any) -> None:
    """Keep the books where the master is, and send to it from everywhere else."""
    runner = environment.runner
    if runner is None:
        return
    runners.HEARTBEAT_LIVENESS = SILENT
    if not isinstance(runner, runners.WorkerRunner):
        # Locust has an option of this name, and keeps it from the workers.
        environment.parsed_options.smtp_profile = environment.parsed_options.profile or DEFAULT
        try:
            asked, prepared = _prepare(environment.parsed_options.host, environment.parsed_options)
        except UsageError as error:
            _refuse(error)
        books = Books(Run(asked, prepared.profile, prepared.spool))
        books.run.findings.secrets = prepared.secrets
        runner.register_message(LEDGER, lambda environment, msg, **_: books.enter(msg.data, msg.node_id))
        environment.events.quitting.add_listener(lambda environment, **_: _close(environment, prepared, books))
    if isinstance(runner, runners.MasterRunner):
        environment.events.test_stop.add_listener(lambda environment, **_: _ask_for_the_last(runner, books))
    else:
        runner.register_message(CLOSE, _close_worker)
        environment.events.test_start.add_listener(_start)
        environment.events.test_stop.add_listener(_stop)
        gevent.spawn(_send_again_and_again, environment)


def _start(environment: Environment, **_: Any) -> None:
    worker = 1 + environment.runner.worker_index + MOST_WORKERS * next(_tests)
    # In a thread, for it takes seconds to draw all that is said, and Locust goes on meanwhile.
    given = (environment.host, environment.parsed_options, worker)
    made = gevent.get_hub().threadpool.apply(_make, given)
    if isinstance(made, UsageError):
        _refuse(made)
    _swarms[environment] = made


def _make(host: str | None, given: Namespace, worker: int) -> Swarm | UsageError:
    """Make a swarm; an error is given back, for whatever is raised in a thread is printed there as well."""
    try:
        return Swarm(host, given, worker)
    except UsageError as error:
        return error


def _stop(environment: Environment, **_: Any) -> None:
    # Nothing may follow what is the last, or the master takes this worker for one that goes on.
    if swarm := _swarms.pop(environment, None):
        for session in swarm.sessions:
            session.leave()
        _send(environment, swarm, last=True)


def _close_worker(environment: Environment, **_: Any) -> None:
    environment.runner.stop()
    # Once more where that had been done before, and from one that never began as well.
    environment.runner.send_message(LEDGER, Ledger().take(last=True))


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


def _close(environment: Environment, prepared: Prepared, books: Books) -> None:
    """Judge the whole, say it, and let it be the exit status."""
    run = books.run
    outcome = books.close(prepared.store)
    # How many were connected at once is Locust's to say.
    facts = [line for line in table.facts(run, outcome) if not line.startswith("connections: ")]
    print("", *facts, "", *table.findings(run), sep="\n")
    wrong = run.findings.total
    word = table.word(run)
    if not books.greeted:
        word = "NOT REACHED"
    elif books.missing and not wrong:
        word = "INCOMPLETE"
    count = run.numbers.count if run.profile.numbered else run.acknowledged
    print(f"{word}: {count} messages acknowledged, {wrong} wrong; seed {run.options.seed}")
    if status := STATUS[word]:
        environment.process_exit_code = status


def _help() -> None:
    """Show our options, for Locust shows nobody's but its own."""
    description = (__doc__ or "").partition("\n")[0]
    own = ArgumentParser("python -m conformance.locustfile", description=description, add_help=False)
    add_options(own)
    print(own.format_help(), "\nand those of Locust:", sep="", flush=True)


if __name__ == "__main__":
    if {"-h", "--help"} & {*sys.argv}:
        _help()
    os.execv(sys.executable, [sys.executable, "-m", "locust", "-f", __file__, *sys.argv[1:]])
