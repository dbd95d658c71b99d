"""The standard on the command line of the load."""

from __future__ import annotations

import argparse
import ipaddress
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import IO

from conformance.harness.server.launch import Process, reference_command
from conformance.harness.settings import UsageError
from conformance.load import front
from conformance.load.front import Prepared
from conformance.load.options import Options
from conformance.rfc5321.kind import KIND, REFERENCE_PASSWORD, REFERENCE_USER
from conformance.rfc5321.load.register import MOST_RECIPIENTS
from conformance.rfc5321.load.standard import IDLE, SOMETIMES, TLS, Standard
from conformance.rfc5321.login import secrets
from conformance.rfc5321.search.words import Book
from conformance.rfc5321.tester import PASSWORD, is_local, password
from conformance.stores.opening import open_store
from conformance.stores.store import MailStore, StoreError

PATIENCE = 30.0
ARRIVES = 15.0
"""Seconds within which mail is to be seen, after which no more is waited for."""
ARRIVES_AT_ONCE = 1.0
"""The same of the reference server, which delivers before it answers."""
SOME_LOG_IN = 0.03
"""How many of the clients of the reference server log in, at each occasion."""
DOMAIN = "reference.example"
OF_REFERENCE = (f"postmaster@{DOMAIN}", f"other@{DOMAIN}", f"third@{DOMAIN}")
NOBODY = f"nobody@{DOMAIN}"


class Front(front.Front):
    """What `conformance.load.front.Front` asks for."""

    kind = KIND
    title = "--profile rfc5321, any mail server"
    most, least = 1000, 1

    def add(self, option: Callable[..., argparse.Action]) -> None:
        """Add its options."""
        option("--recipient", action="append", metavar="ADDRESS",
               help=f"whom the server takes mail for; several times for up to {MOST_RECIPIENTS}")  # fmt: skip
        option("--bad-recipient", metavar="ADDRESS", help="one in a served domain that does not exist")
        option("--sender", metavar="ADDRESS", help="the reverse-path (load@ the recipient's domain)")
        option("--client-name", metavar="NAME", help="what clients call themselves (their address)")
        option("--store", metavar="SPEC", help="look up every message afterwards, in maildir:DIR, mbox:FILE, dir:DIR, "
               "sink:PORT, imap://USER@HOST/FOLDER or command:COMMAND")  # fmt: skip
        option("--final", action="store_true", default=None,
               help="what is read there was delivered finally: judge Return-Path")  # fmt: skip
        option("--arrives", type=front.number(0, 3600, "seconds, 0 to 3600"), metavar="SECONDS",
               help=f"after so long without more mail no more is waited for ({ARRIVES:g})")  # fmt: skip
        option("--tls", choices=list(TLS), metavar="WHEN", help=f"STARTTLS where it is offered: {SOMETIMES} (the "
               "default), always or never; or implicit, where TLS comes first")  # fmt: skip
        option("--user", metavar="NAME", help="whom to log in as, where AUTH PLAIN is offered")
        option("--password-file", metavar="FILE", help=f"its first line is the password (default: ${PASSWORD})")
        option("--patience", type=front.number(0.5, 600, "seconds, 0.5 to 600"), metavar="SECONDS",
               help=f"how long a reply may take ({PATIENCE:g})")  # fmt: skip
        option("--i-may-load-this-host", action="store_true", default=None,
               help="the server is another machine, and you may load it with mail and errors")  # fmt: skip

    def options(self, given: argparse.Namespace, asked: Options) -> Options:
        """Check what is given, and complete what is asked for.

        Raises:
            UsageError: it cannot be.
        """
        address = given.target or given.host
        if (address or given.launch) and not given.recipient:
            raise UsageError("--recipient is missing: an address that this server takes mail for")
        for name in ("recipient", "bad_recipient", "sender"):
            for one in given.recipient or () if name == "recipient" else [getattr(given, name)]:
                if one and ("@" not in one or set(one) & set("<> \t\r\n") or not one.isascii()):
                    raise UsageError(f"--{name.replace('_', '-')} {one}: write user@domain, without brackets")
        if len(given.recipient or ()) > MOST_RECIPIENTS:
            raise UsageError(f"--recipient: {MOST_RECIPIENTS} at the most")
        host = asked.address[0]
        if address and not is_local(f"[{host}]:1" if ":" in host else f"{host}:1") and not given.i_may_load_this_host:
            raise UsageError(
                f"{host} is another machine, which this would flood with mail and with errors: "
                "if you may do that, add --i-may-load-this-host"
            )
        _store(given)
        if given.user:
            password(given.password_file)
        return replace(asked, time_limit=IDLE, most_waiters=0)

    def command(self, given: argparse.Namespace) -> str | None:
        """The reference server, with a thread for each client."""
        return f"{reference_command(KIND)} --threads {max(32, int(given.connections))}"

    def prepare(self, given: argparse.Namespace, asked: Options, process: Process | None, file: IO[bytes]) -> Prepared:
        """What the run is made with."""
        is_reference = process is not None and not given.launch
        mail = _store(given)
        sure = is_reference or mail is not None
        usual = ARRIVES_AT_ONCE if is_reference and mail is None else ARRIVES
        if mail is None and process is not None:
            mail = open_store(f"maildir:{process.directory}", final=is_reference or bool(given.final))
        recipients = tuple(dict.fromkeys(given.recipient or OF_REFERENCE))
        refused = tuple(filter(None, [given.bad_recipient])) or ((NOBODY,) if is_reference else ())
        sender = given.sender or f"load@{recipients[0].rpartition('@')[2]}"
        book = Book(given.client_name or _literal(asked.address), sender, recipients, refused)
        patience = PATIENCE if given.patience is None else given.patience
        user, share = (given.user, 1.0) if given.user or not is_reference else (REFERENCE_USER, SOME_LOG_IN)
        secret = password(given.password_file if given.user else str(REFERENCE_PASSWORD)) if user else ""
        profile = Standard(
            book, asked, patience, file if mail else None, given.tls or SOMETIMES, user or "", secret, share
        )
        hidden = tuple(one.encode() for one in secrets(user or "", secret))
        if mail is None:
            return Prepared(profile, secrets=hidden)
        store = profile.store(mail, usual if given.arrives is None else given.arrives, sure)
        return Prepared(profile, store=(store, store), secrets=hidden)


def _store(given: argparse.Namespace) -> MailStore | None:
    try:
        return open_store(given.store, final=bool(given.final)) if given.store else None
    except StoreError as error:
        raise UsageError(f"--store {error}") from None


def _literal(address: tuple[str, int]) -> str:
    """This machine's own address towards a server, as an address literal; nothing is sent for that."""
    with socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(address)
            own = ipaddress.ip_address(probe.getsockname()[0].partition("%")[0])
        except (OSError, ValueError):
            return "[127.0.0.1]"
    return f"[IPv6:{own}]" if own.version == 6 else f"[{own}]"
