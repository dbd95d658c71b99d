"""What the options of the command line make of a server of the standard."""

import argparse
import os
from collections.abc import Callable
from typing import NoReturn

from . import tls
from .auth import Credentials
from .esmtp import Esmtp
from .lmtp import Lmtp
from .maildir import Maildir
from .office import PostOffice
from .site import Site

PROTOCOLS = {"rfc5321": Esmtp, "lmtp": Lmtp}
SMTP_PORT = 25  # where LMTP may not be (RFC 2033, 5)


def post_office(options: argparse.Namespace, error: Callable[[str], NoReturn]) -> PostOffice:
    """Open the Maildir, and prepare TLS and the login as far as they are asked for.

    Args:
        options: of the command line.
        error: tells of a mistake in them, and does not return.

    Raises:
        OSError: a file cannot be used.
    """
    certificate, key = getattr(options, "certificate", None), getattr(options, "key", None)
    user, password_file = getattr(options, "user", None), getattr(options, "password_file", None)
    if key and not certificate:
        error("--key needs --certificate")
    if (user is None) != (password_file is None):
        error("--user and --password-file need each other")
    if options.require_login and user is None:
        error("--require-login needs --user")
    if options.protocol == "lmtp" and options.port == SMTP_PORT:
        error(f"LMTP must not be on port {SMTP_PORT}")
    context = None
    if options.tls != "none":
        context = tls.loaded(certificate, key) if certificate else tls.self_made(options.domain)
    if options.tls in ("required", "implicit") and not context:
        error(f"--tls {options.tls} needs --certificate, or `cryptography` or openssl to make one")
    credentials = None
    if password_file:
        password = password_file.read_bytes().partition(b"\n")[0].removesuffix(b"\r")
        if not user or not password:
            error("neither --user nor the password may be empty")
        credentials = Credentials(os.fsencode(user), password)
    domain = options.domain.encode()
    maildir = Maildir(options.directory, domain)
    site = Site(maildir, domain, context, credentials, options.tls == "required", options.require_login)
    return PostOffice(site, PROTOCOLS[options.protocol], options.time_limit, options.tls == "implicit")
