"""Connection and greeting."""

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.rfc5321 import codes, grammar
from conformance.rfc5321.case import Case

QUIET = 5.0
"""Seconds without a greeting after which the client speaks, to see whether the server only waited for that."""


@pytest.mark.judges("greet.first")
def test_first(case: Case) -> None:
    """The server greets before the client has said anything."""
    client = case.unconnected_client()
    client.connect()
    if client.hear_within(QUIET):
        return
    client.send(f"EHLO {case.client_name}\r\n".encode())
    answer = client.hear_within(case.patient)
    if answer and codes.sense(answer) is codes.Sense.ACCEPTED and answer.code != "220":
        raise client.breach("EHLO is answered, and no greeting came", "a greeting", answer.text)
    if not answer or (answer.code != "220" and not codes.refused(answer)):
        raise Skipped(f"no greeting within {QUIET:g} s, and none after EHLO")


@pytest.mark.judges("greet.code")
def test_code(case: Case) -> None:
    """The greeting is 220, or the 4yz or 5yz of a server that does not serve."""
    client = case.unconnected_client()
    client.connect()
    greeting = client.take_greeting()
    if greeting.code != "220" and not codes.refused(greeting):
        raise client.breach("not the code of a greeting", "220, 4yz or 5yz", greeting.text)


@pytest.mark.judges("greet.name")
def test_name(case: Case) -> None:
    """The greeting's first word is a domain name or an address literal."""
    client = case.unconnected_client()
    words = [line.text.split(" ")[0] for line in client.open().lines]
    if grammar.is_host(words[0]):
        return
    if grammar.is_host(words[0].replace("_", "-")):
        case.warn("an underscore in the server's name", "letters, digits, hyphens", words[0], about=[client])
    elif grammar.is_host(words[-1]):
        case.warn("only the last line of the greeting has the server's name", words[-1], words[0], about=[client])
    else:
        raise client.breach("the greeting does not begin with a name", "220 NAME ...", " ".join(words))


@pytest.mark.judges("greet.fqdn")
def test_fully_qualified(case: Case) -> None:
    """That name is fully qualified: it has a dot, and is no address literal."""
    client = case.unconnected_client()
    name = client.open().lines[0].text.split(" ")[0]
    if grammar.is_domain(name) and "." not in name.rstrip("."):
        raise client.breach("the server's name is not fully qualified", "a name with its domain", name)
    if grammar.is_literal(name):
        raise client.breach("the server calls itself by its address", "a fully qualified name", name)


@pytest.mark.judges("greet.554-waits")
def test_554_waits(case: Case) -> None:
    """A server that greets with 554 answers QUIT with 221, and any other command with 503, until then."""
    client = case.unconnected_client()
    client.connect()
    if client.take_greeting().code != "554":
        raise Skipped("only of a server that greets with 554")
    for line, wanted in (("NOOP", "503"), ("QUIT", "221")):
        client.send(f"{line}\r\n".encode())
        reply = client.hear_within(case.patient)
        if reply is None or reply.code != wanted:
            raise client.breach(f"{line} after a 554", wanted, reply.text if reply else "nothing, or a close")


@pytest.mark.judges("greet.early")
def test_early(case: Case) -> None:
    """A client that speaks before the greeting is served or refused; either is right."""
    client = case.unconnected_client()
    client.connect()
    client.wire.send(f"{client.plain('EHLO')}\r\n".encode())  # nothing is set aside that has come already
    replies = [reply for reply in (client.hear_within(QUIET), client.hear_within(1.0)) if reply]
    case.note("EHLO before the greeting: " + (", ".join(one.code for one in replies) or "nothing"), about=[client])
