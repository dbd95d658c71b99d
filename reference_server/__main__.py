"""The command line: reads the options, listens, starts the threads, and accepts a connection for each free worker."""

import argparse
import atexit
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn, TypeVar

from .channel import Channel
from .mailbox import Mailbox, start_backup_thread
from .paths import is_domain
from .pool import HandOver, start_workers
from .session import PRINTABLE, Session

STANDARD = ("rfc5321", "lmtp")
PATIENCE = 310.0  # seconds with those: five minutes (4.5.3.2.7), and some for a client whose clock started later
ACCEPT_BACKLOG = 128  # connections that the kernel keeps for us while no worker is free
WAKING = 0.5  # seconds after which a signal is noticed at the latest
Value = TypeVar("Value")


class _OneLineParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"reference_server: {message}; see --help\n")


def _checked(convert: Callable[[str], Value], fits: Callable[[Value], object], wanted: str) -> Callable[[str], Value]:
    def parse(text: str) -> Value:
        with suppress(ValueError):
            if fits(value := convert(text)):
                return value
        raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")

    return parse


def _parser() -> argparse.ArgumentParser:
    parser = _OneLineParser(
        prog="python -m reference_server",
        description="The CS 4410 mail server: takes messages by SMTP and appends them to the file `mailbox`. "
        "With --protocol rfc5321 a server of the standard: takes messages for one domain, and keeps a copy for each "
        "recipient in a Maildir; it knows every user but `nobody`, relays nothing, and sends no notifications. With "
        "lmtp the same by LMTP. What is said of rfc5321 below holds for both.",
        epilog="It says on standard error where it listens, once it does. SIGTERM or Ctrl-C ends it, with status 0; "
        "a mistake on the command line, a port that is taken or a directory that can't be written, with status 2.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    host = _checked(str, lambda text: text.encode("idna"), "an address or a name")
    port = _checked(int, lambda number: 0 <= number <= 65_535, "a port, 0 to 65535")
    seconds = _checked(float, lambda number: 0 < number <= 86_400, "a number of seconds above 0, up to a day")
    threads = _checked(int, lambda number: 0 < number <= 1_000, "a number of threads, 1 to 1000")
    messages = _checked(int, lambda number: number > 0, "a number of messages, 1 or more")
    domain = _checked(str, lambda text: is_domain(os.fsencode(text)), "a domain name")
    netid = _checked(str, lambda text: PRINTABLE.fullmatch(os.fsencode(text)), "one word of printable ASCII")
    add = parser.add_argument
    add("--protocol", default="cs4410", choices=("cs4410", *STANDARD), help="the assignment, or the standard")
    add("--host", default="127.0.0.1", type=host, help="address or name to listen on, IPv4 or IPv6")
    add("--port", default=8765, type=port, help="port to listen on; 0 takes a free one")
    add("--netid", default="reference", type=netid, help="cs4410: the server's name in its replies and in the mailbox")
    add(
        "--domain",
        default="reference.example",
        type=domain,
        help="rfc5321: the server's name, and the domain it serves",
    )
    limit = f"time a client has for each valid command; rfc5321: for each line, by default {PATIENCE}"
    add("--time-limit", default=10.0, type=seconds, metavar="SECONDS", help=limit)
    add("--threads", default=32, type=threads, help="size of the pool: how many clients are served at once")
    add("--backup-every", default=32, type=messages, metavar="MESSAGES", help="cs4410: how many messages make a backup")
    directory = "where `mailbox`, emptied at the start, and its backups are kept; rfc5321: the Maildir, never emptied"
    add("--directory", default=".", type=Path, help=directory)
    when = "rfc5321: TLS after STARTTLS if the client likes, or before all else, or from the first byte, or never"
    add("--tls", default="starttls", choices=("starttls", "required", "implicit", "none"), help=when)
    made = "rfc5321: of TLS, in PEM; by default one that is made at the start, if `cryptography` or openssl is there"
    add("--certificate", default=argparse.SUPPRESS, type=Path, metavar="FILE", help=made)
    own = "rfc5321: of the certificate, in PEM, if it does not stand in the same file"
    add("--key", default=argparse.SUPPRESS, type=Path, metavar="FILE", help=own)
    who = "rfc5321: who can log in, inside TLS or from this machine; by default nobody"
    add("--user", default=argparse.SUPPRESS, metavar="NAME", help=who)
    secret = "rfc5321: whose first line is the user's password"
    add("--password-file", default=argparse.SUPPRESS, type=Path, metavar="FILE", help=secret)
    add("--require-login", action="store_true", help="rfc5321: take mail only after a login, as for submission")
    return parser


def _stop(signal_number: int, frame: FrameType | None) -> NoReturn:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # an impatient second one must not cut the clean end short
    raise SystemExit(0)


def _listen(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    return socket.create_server(address, family=family, backlog=ACCEPT_BACKLOG)


def _accept(listener: socket.socket) -> socket.socket:
    while True:
        try:
            return listener.accept()[0]
        except OSError:
            time.sleep(0.1)  # out of descriptors or memory for the moment: the client can wait in the backlog


def _stay_on_one_core() -> None:
    # An interpreter runs one thread at a time, and waking the next one on another core takes longer than its work does:
    # on one core the server is twice as fast. At random, so that servers side by side spread out.
    with suppress(AttributeError, OSError):  # some systems can't, some don't let us
        os.sched_setaffinity(0, {random.choice(sorted(os.sched_getaffinity(0)))})


def main() -> None:
    """Serve until SIGTERM or Ctrl-C, which end it at once, whoever is still connected.

    Raises:
        SystemExit: always; its status is 0 after a signal or `--help`, and 2 after a mistake of the user's.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    # A signal that comes just before a call that blocks is noticed only after it, so that none blocks for longer.
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, WAKING, WAKING)
    atexit.register(signal.setitimer, signal.ITIMER_REAL, 0)  # which would end us once the handlers are gone
    parser = _parser()
    options = parser.parse_args()
    if options.protocol in STANDARD:
        parser.set_defaults(time_limit=PATIENCE)
        options = parser.parse_args()
    netid: bytes = options.netid.encode()
    try:
        # First the port, then the mailbox: a second server must not empty the first one's.
        listener = _listen(options.host, options.port)
        office = None
        if options.protocol in STANDARD:
            # Only here: what the standard needs would double the time that the assignment's server takes to start.
            from .standard import post_office

            office = post_office(options, parser.error)
        else:
            mailbox = Mailbox(options.directory, netid, options.backup_every)
    except OSError as error:
        parser.error(f"can't use {error.filename or f'{options.host} port {options.port}'}: {error.strerror}")

    def serve(connection: socket.socket) -> None:
        Session(Channel(connection, options.time_limit), mailbox, netid).run()

    _stay_on_one_core()
    with listener, closing(office or mailbox):
        hand_over = HandOver()
        if not office:
            start_backup_thread(mailbox)
        start_workers(options.threads, hand_over, office.serve if office else serve)
        host, port = listener.getsockname()[:2]
        where = f"[{host}]:{port}" if listener.family == socket.AF_INET6 else f"{host}:{port}"
        print(f"reference_server: listening on {where}", file=sys.stderr, flush=True)
        while True:
            hand_over.reserve_worker()
            hand_over.give(_accept(listener))


if __name__ == "__main__":
    main()
