"""Mutants of the server of the standard, a module for each section of its requirements, or two."""

from collections.abc import Sequence

from proof.servers.edit import Mutant
from proof.servers.esmtp_mutants import (
    arrival,
    closing,
    data,
    greeting,
    hello,
    lines,
    mail,
    order,
    other,
    rcpt,
    replies,
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
}
MUTANTS: tuple[Mutant, ...] = tuple(mutant for section in SECTIONS.values() for mutant in section)
