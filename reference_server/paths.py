"""Hosts, mailboxes and paths by the grammar of RFC 5321, 4.1.2 and 4.1.3, with what RFC 6531 adds to it."""

import re
from typing import Any

# No expression can match one text in two ways, so none can be made slow. Bytes over 127 stand for UTF-8, which only a
# message with SMTPUTF8 may have; whoever reads the line looks for that.
ATOM = rb"[A-Z0-9!#$%&'*+/=?^_`{|}~\x80-\xff-]+"
DOT_STRING = rb"%b(?:\.%b)*" % (ATOM, ATOM)
QUOTED_STRING = rb'"(?:[ !#-\[\]-~\x80-\xff]|\\[ -~])*"'
LABEL = rb"[A-Z0-9\x80-\xff]+(?:-+[A-Z0-9\x80-\xff]+)*"
DOMAIN = rb"%b(?:\.%b)*" % (LABEL, LABEL)
LITERAL = rb"\[(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|IPv6:[0-9A-F:.]+)\]"
HOST = rb"(?:%b|%b)" % (DOMAIN, LITERAL)
MAILBOX = rb"(?P<mailbox>(?:%b|%b)@%b)" % (DOT_STRING, QUOTED_STRING, HOST)
ROUTE = rb"(?:@%b(?:,@%b)*:)?" % (DOMAIN, DOMAIN)
REVERSE_PATH = rb"<(?:%b%b)?>" % (ROUTE, MAILBOX)
FORWARD_PATH = rb"<(?:Postmaster|%b%b)>" % (ROUTE, MAILBOX)


def is_domain(name: bytes) -> bool:
    """Return whether a server can be named so: a domain name, in ASCII."""
    return name.isascii() and bool(re.fullmatch(DOMAIN, name, re.IGNORECASE))


def unquoted(local_part: bytes) -> bytes:
    """Return what a local part means: all quoted forms of one are equal (4.1.2)."""
    return re.sub(rb"\\(.)", rb"\1", local_part[1:-1]) if local_part.startswith(b'"') else local_part


def literal(address: Any) -> bytes:
    """Return the IP address of a socket's address as an address literal (4.1.3)."""
    ip = str(address[0]).partition("%")[0].encode()  # without an interface's name
    return b"[IPv6:%b]" % ip if b":" in ip else b"[%b]" % ip


def is_loopback(address: bytes) -> bool:
    """Return whether an address literal is of the machine itself."""
    return address.startswith((b"[127.", b"[IPv6:::1]"))
