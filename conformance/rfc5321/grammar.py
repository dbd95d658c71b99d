"""RFC 5321's grammar of names and addresses, as far as replies and headers are judged by it. No I/O."""

from __future__ import annotations

import ipaddress
import re

LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
DOMAIN = re.compile(rf"{LABEL}(?:\.{LABEL})*\.?")
ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LOCAL_PART = re.compile(rf'{ATOM}(?:\.{ATOM})*|"(?:[ !#-\[\]-~]|\\[ -~])*"')
KEYWORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


def is_domain(text: str) -> bool:
    """Whether it is a domain name; one label is enough."""
    return len(text) <= 255 and bool(DOMAIN.fullmatch(text))


def is_literal(text: str) -> bool:
    """Whether it is an address literal (4.1.3)."""
    if not (text.startswith("[") and text.endswith("]")):
        return False
    inner = text[1:-1]
    try:
        if inner[:5].lower() == "ipv6:":
            ipaddress.IPv6Address(inner[5:])
        else:
            ipaddress.IPv4Address(inner)
    except ValueError:
        return False
    return True


def is_host(text: str) -> bool:
    """Whether it is what a host may call itself."""
    return is_domain(text) or is_literal(text)


def is_mailbox(text: str) -> bool:
    """Whether it is an address without its brackets."""
    local, at, domain = text.rpartition("@")
    return bool(at) and bool(LOCAL_PART.fullmatch(local)) and is_host(domain)
