"""What the tester says of the server: the options of the profile, and what is known of the reference server without."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from conformance.harness.server import proc
from conformance.harness.settings import Settings, UsageError, parse_address, resolve
from conformance.profile import Option
from conformance.rfc5321.kind import REFERENCE_PASSWORD, REFERENCE_USER

PASSWORD = "SMTP_CONFORMANCE_PASSWORD"
"""The variable of the environment that has the password where no file does."""
GREY_TIME = 60.0
"""Seconds that the greylist of another host is given."""
ROLES = ("mx", "submission", "lmtp")

OPTIONS = (
    Option(
        "recipient",
        (),
        "An address that the server takes mail for; several where it is given several times. Otherwise found out.",
        "ADDRESS",
    ),
    Option("bad_recipient", None, "An address in a served domain that does not exist.", "ADDRESS"),
    Option("relay_recipient", None, "An address elsewhere, yours too, that the server should not relay to.", "ADDRESS"),
    Option("mailing_list", None, "An address of a mailing list whose members EXPN may tell.", "ADDRESS"),
    Option("sender", None, "The reverse-path of test mail (default: probe@ the recipient's domain).", "ADDRESS"),
    Option("client_name", None, "The argument of EHLO (default: the client's address literal).", "NAME"),
    Option("role", "mx", "What the server is.", choices=ROLES),
    Option("tls", "none", "How the connection is made safe, if it is.", choices=("none", "starttls", "implicit")),
    Option("verify", False, "The server's certificate has to be right, too."),
    Option("user", None, "Whom to log in as.", "NAME"),
    Option(
        "password_file",
        None,
        f"A file with the password in its first line (default: the environment's {PASSWORD}).",
        "FILE",
    ),
    Option("public", False, "It is the public MX of a domain, and judged for what the RFCs ask of one."),
    Option(
        "store",
        None,
        "Where delivered mail is read: maildir:DIR, mbox:FILE, dir:DIR, imap://USER@HOST/FOLDER, command:COMMAND.",
        "SPEC",
        of_server=True,
    ),
    Option("final", False, "What is read there was delivered finally, so that Return-Path is judged."),
    Option("durable", False, "Mail that got its 250 is kept on a disk, so that a crash is tried."),
    Option("stranger", False, "The server treats this client as it would anyone, though its address is private."),
    Option("waive", (), "A requirement that is only noted, and why; FILE.toml has a table of such.", "ID=REASON"),
    Option("long", False, "Wait out idle time-outs of five minutes."),
    Option("patient", False, "Wait as long for replies as the RFC asks of clients: five minutes and more."),
    Option("many", False, "Try more than a thousand recipients."),
    Option("big", False, "Send tens of megabytes."),
    Option(
        "grey_time",
        0.0,
        f"Seconds after which what is refused for now is asked once more ({GREY_TIME:g} on another host, here never).",
        "SECONDS",
    ),
    Option("messages_per_minute", 20, "Messages a minute to another host.", "N"),
    Option(
        "i_may_test_this_host",
        False,
        "The target is another host, and you may send it hundreds of odd commands and test messages.",
    ),
)


@dataclass(frozen=True)
class Tester:
    """What the tester gives, as docs/rfc5321.md lists it.

    Attributes:
        recipients: addresses that the server takes.
        host: the target's name for its certificate, where it is given by name.
        is_reference: whether the reference server is tested, of which all is known.
        launched: whether the suite starts the server.
        local: whether it runs on this machine.
    """

    recipients: tuple[str, ...]
    bad_recipient: str | None
    relay_recipient: str | None
    mailing_list: str | None
    sender: str | None
    client_name: str | None
    role: str
    tls: str
    verify: bool
    user: str | None
    password_file: str | None
    public: bool
    store: str | None
    final: bool
    durable: bool
    stranger: bool
    long: bool
    patient: bool
    many: bool
    big: bool
    grey_time: float
    messages_per_minute: int
    is_reference: bool = False
    host: str | None = None
    launched: bool = False
    local: bool = True

    @property
    def password(self) -> str:
        """Of `user`; never to be shown.

        Raises:
            UsageError: its file cannot be read.
        """
        return password(self.password_file)

    @classmethod
    def of(cls, settings: Settings) -> Tester:
        """What the options say; the reference server's own addresses where it is tested and none is named."""
        local = settings.target is None or is_local(settings.target)
        own: Mapping[str, Any] = {**settings.own, "grey_time": settings.own["grey_time"] or GREY_TIME * (not local)}
        given = {one.name: own[one.name] for one in fields(cls) if one.name in own}
        tester = cls(
            recipients=tuple(own["recipient"]),
            is_reference=settings.target is None and settings.launch is None,
            host=host_of(settings.target) if settings.target else None,
            launched=settings.target is None,
            local=local,
            **given,
        )
        return _of_reference(tester) if tester.is_reference else tester


def password(file: str | None) -> str:
    """The first line of a file, or what the environment has where none is given; never to be shown.

    Raises:
        UsageError: the file cannot be read.
    """
    if file is None:
        return os.environ.get(PASSWORD, "")
    try:
        first, *_ = Path(file).read_text(encoding="utf-8").splitlines() or [""]
    except (OSError, ValueError) as error:
        raise UsageError(f"--password-file {file}: it cannot be read ({error})") from None
    return first


def host_of(target: str) -> str | None:
    """The name of a target's host; None where it is an address."""
    host, _ = parse_address(target)
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host
    return None


def is_local(target: str) -> bool:
    """Whether a target is this machine itself.

    Raises:
        UsageError: its name does not resolve.
    """
    address, _ = resolve(*parse_address(target))
    return address.startswith("127.") or address == "::1" or (proc.available() and proc.is_local(address))


def _of_reference(tester: Tester) -> Tester:
    domain = "reference.example"
    return replace(
        tester,
        user=tester.user or REFERENCE_USER,
        password_file=tester.password_file or str(REFERENCE_PASSWORD),
        recipients=tester.recipients or (f"postmaster@{domain}", f"other@{domain}"),
        bad_recipient=tester.bad_recipient or f"nobody@{domain}",
        relay_recipient=tester.relay_recipient or "someone@elsewhere.example",
        final=True,
        durable=True,
        stranger=True,
    )
