"""Mutants of the server of the standard, a module for each section of its requirements, or two."""

from collections.abc import Sequence

from proof.servers.edit import Mutant
from proof.servers.esmtp_mutants import (
    arrival,
    asked,
    chunks,
    closing,
    data,
    greeting,
    groups,
    hello,
    lines,
    local,
    mail,
    order,
    other,
    rcpt,
    replies,
    safety,
    sizes,
    times,
    trace,
)

SINK = arrival.SINK
SECTIONS: dict[str, Sequence[Mutant]] = {
    "greeting": greeting.MUTANTS,
    "replies": replies.MUTANTS,
    "lines": lines.MUTANTS,
    "hello": hello.MUTANTS,
    "mail": mail.MUTANTS,
    "rcpt": rcpt.MUTANTS,
    "data": data.MUTANTS,
    "arrival": arrival.MUTANTS,
    "other": other.MUTANTS,
    "order": order.MUTANTS,
    "closing": closing.MUTANTS,
    "trace": trace.MUTANTS,
    "time": times.MUTANTS,
    "size": sizes.MUTANTS,
    "groups": groups.MUTANTS,
    "chunks": chunks.MUTANTS,
    "asked": asked.MUTANTS,
    "safety": safety.MUTANTS,
    "local": local.MUTANTS,
}
MUTANTS: tuple[Mutant, ...] = tuple(mutant for section in SECTIONS.values() for mutant in section)
LEFT_OUT = {
    "tls.version": "Neither end has TLS 1.1 any more: a server with nothing better fails in its handshake.",
    "auth.clear": "Judged for a client of another network only.",
    "lmtp.port": "Nobody but root can listen on port 25.",
    "sub.prompt": "It would take two minutes of waiting.",
    "sub.implicit": "Nobody but root can listen on port 465.",
}
"""The MUSTs and SHOULDs of which there is no mutant, and why."""
