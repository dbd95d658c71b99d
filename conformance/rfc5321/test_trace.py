"""The trace header: what the server writes above a message that it delivers."""

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.rfc5321 import mailboxes, trace
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.link import CRLF
from conformance.rfc5321.message import Message
from conformance.rfc5321.trace import ReturnPath
from conformance.rfc5321.tracing import read
from conformance.stores.compare import added_fields, kept
from conformance.stores.message import part

OLD = (
    ("Received", "from two.example ([192.0.2.2]) by three.example with ESMTP id b2; Tue, 2 Jan 2024 12:00:00 +0000"),
    ("Received", "from one.example ([192.0.2.1]) by two.example with ESMTP id a1; Mon, 1 Jan 2024 12:00:00 +0000"),
)
"""Trace fields of earlier hops, the latest on top."""
DATE = "; Mon, 1 Jan 2024 12:00:00 +0000"


def _expect(client: Client, problem: str, expected: str, field: str = "") -> None:
    """Judge by what a reader of trace fields says is wrong; nothing if all is right. `field` is what was delivered."""
    if problem:
        raise client.breach(f"the delivered header: {problem}", expected, field or problem)


@pytest.mark.judges("trace.received")
def test_received(case: Case) -> None:
    """A delivered message has a new `Received:` field above all that was sent."""
    read(case, case.client())


@pytest.mark.judges("trace.from")
def test_from(case: Case) -> None:
    """It says from whom the message came and by whom it was taken, each a domain or an address literal."""
    client = case.client()
    field = read(case, client)
    _expect(client, field.places_problem, "FROM name BY name", field.text)


@pytest.mark.judges("trace.from-both")
def test_from_both(case: Case) -> None:
    """Its FROM clause has the name that the client said, and the client's address in parentheses."""
    case.call_clients("client.conformance.example")  # or one literal would be both
    client = case.client()
    field = read(case, client)
    if field.clause("from") is None:
        raise case.breach("trace.from", "no FROM clause", "FROM name BY name", field.text, about=[client])
    address = client.wire.own_address
    if field.client_addresses and not case.tester.launched and not field.has_address(address):
        raise Skipped("between: the server sees the client at another address than its own")
    _expect(
        client, field.client_problem(case.client_name, address), f"FROM {case.client_name} ([{address}])", field.text
    )


@pytest.mark.judges("trace.date")
def test_date(case: Case) -> None:
    """It ends in a semicolon and a date with a year of four digits."""
    client = case.client()
    field = read(case, client)
    _expect(client, field.date.problem, DATE, field.text)


@pytest.mark.judges("trace.zone")
def test_zone(case: Case) -> None:
    """The time zone of its date is an offset; a name is a comment at most."""
    client = case.client()
    field = read(case, client)
    date = field.date
    if date.problem:
        raise case.breach("trace.date", date.problem, DATE, field.text, about=[client])
    _expect(client, "" if date.numeric_zone else f"the zone is `{date.zone}`", "an offset as +0100")


@pytest.mark.judges("trace.grammar")
def test_grammar(case: Case) -> None:
    """Its clauses stand in the order of the grammar."""
    client = case.client()
    field = read(case, client)
    _expect(client, field.grammar_problem, "FROM, BY, VIA, WITH, ID, FOR, others", field.text)


@pytest.mark.judges("trace.with")
@pytest.mark.parametrize("hello", ["EHLO", "HELO"])
def test_with(case: Case, hello: str) -> None:
    """Its WITH clause names the protocol that was spoken: SMTP after HELO, ESMTP after EHLO."""
    lmtp = case.tester.role == "lmtp"
    if lmtp and hello == "HELO":
        raise Skipped("not of LMTP: HELO")
    client = case.client(hello.lower())
    extended = hello == "EHLO" and case.learned.get("hello") != "HELO"
    field = read(case, client)
    problems = [
        field.with_problem(extended=extended, tls=tls, auth=auth, lmtp=lmtp)
        for tls in dict.fromkeys((bool(client.wire.session), False))  # that it was one of these may be left unsaid
        for auth in dict.fromkeys((client.logged_in, False))
    ]
    _expect(client, problems[0] if all(problems) else "", "the protocol that was spoken")


@pytest.mark.judges("trace.for-one")
@pytest.mark.parametrize("count", [1, 2])
def test_for_one(case: Case, count: int) -> None:
    """A FOR clause has one path at most, however many recipients there are."""
    client = case.client()
    recipients = ((*case.tester.recipients, case.recipient) * 2)[:count]
    paths = read(case, client, *recipients).paths
    _expect(client, f"FOR {' '.join(paths)}" if len(paths) > 1 else "", "one path")


@pytest.mark.judges("trace.for-blind")
def test_for_blind(case: Case) -> None:
    """Of two recipients neither learns of the other one from the header."""
    if len(case.tester.recipients) < 2:
        raise Skipped("not given: name a second --recipient")
    both = case.tester.recipients[:2]
    if case.sender in both:
        raise Skipped("the sender is one of the recipients")
    client = case.client()
    message = client.message().to_nobody()
    client.deliver(message, *both)
    for copy in case.copies(message):
        if copy.all("Apparently-To"):
            raise client.breach("a field that tells recipients", "none", "Apparently-To")
        header = copy.header.decode("latin-1")
        told = [recipient for recipient in both if mailboxes.mentions(header, recipient)]
        _expect(client, f"the header names {' and '.join(told)}" if len(told) > 1 else "", "one recipient at most")


@pytest.mark.judges("trace.old-kept")
def test_old_kept(case: Case) -> None:
    """The `Received:` fields that were sent keep text and order, below the new one."""
    client = case.client()
    read(case, client)
    message = client.message().with_fields(*OLD)
    client.deliver(message)
    copy = case.delivered(message)
    header = "".join(f"{name}: {value}\r\n" for name, value in OLD).encode()
    _expect(client, kept(part(header)[0], copy), "the fields as they were sent")
    added = added_fields(header, copy)
    below = [*added.between, *added.at_end]
    if not any(one.named("Received") for one in added.on_top) and any(one.named("Received") for one in below):
        raise client.breach("the new trace field stands below those that were sent", "above them", below[0].value)


def _return_path(case: Case, client: Client, sender: str, message: Message | None = None) -> ReturnPath:
    """Have a message of a sender delivered, and read its return path."""
    if not case.is_final:
        raise Skipped("not final: what is read is not said to be the final delivery (--final)")
    message = message or client.message()
    client.deliver(message, sender=sender)
    found = case.delivered(message).all("Return-Path")
    if not found:
        raise case.breach("trace.return-path", "no Return-Path", f"Return-Path: <{sender}>", "none", about=[client])
    return trace.return_path(found[0].value)


@pytest.mark.judges("trace.return-path")
@pytest.mark.parametrize("kind", ["plain", "null", "tagged"])
def test_return_path(case: Case, kind: str) -> None:
    """A message that is delivered finally has the path of MAIL in `Return-Path:`, above the trace."""
    client = case.client()
    message, sender = client.message(), "" if kind == "null" else case.sender
    if kind == "tagged":
        sender = sender.replace("@", f"+{case.words.token()}=list.example@", 1)
    path = _return_path(case, client, sender, message)
    if not path.same_as(sender):
        raise client.breach("another path than MAIL gave", f"<{sender}>", f"<{path.mailbox}>")
    names = [one.name.lower() for one in case.delivered(message).fields]
    if "received" in names and names.index("received") < names.index("return-path"):
        raise client.breach("Return-Path stands below Received", "above the trace", "below")


@pytest.mark.judges("trace.return-path-one")
def test_return_path_one(case: Case) -> None:
    """There is one `Return-Path:` only, even if the message brought one of its own."""
    client = case.client()
    message = client.message().with_fields(("Return-Path", "<other@elsewhere.example>"))
    _return_path(case, client, case.sender, message)
    found = [one.value for one in case.delivered(message).all("Return-Path")]
    _expect(client, "; ".join(found) if len(found) > 1 else "", "one Return-Path")


@pytest.mark.judges("trace.case")
def test_case(case: Case) -> None:
    """The sender's local part keeps the case of its letters in `Return-Path:`."""
    client = case.client()
    sender = f"{case.words.mixed_case('conformance')}@{case.sender_domain}"
    local = _return_path(case, client, sender).local
    if local != sender.partition("@")[0] and local.lower() == sender.partition("@")[0].lower():
        raise client.breach("the letters of the sender are in another case", sender, local)


@pytest.mark.judges("trace.quoted")
@pytest.mark.parametrize("local", ['"a b"', '"a@b"'], ids=["space", "at"])
def test_quoted(case: Case, local: str) -> None:
    """A sender that needs quotes keeps them in `Return-Path:`, and where a relay says it."""
    client = case.client()
    sender, message = f"{local}@{case.sender_domain}", client.message()
    reply = client.say(f"MAIL FROM:<{sender}>")
    if not reply.code.startswith("2"):
        raise Skipped("a quoted sender is not taken, which mail.quoted judges")
    client.set_up(client.plain("RCPT"))
    client.set_up("DATA")
    client.deliver_content(message)
    copy = case.delivered(message)
    told = [field.value for field in copy.all("Return-Path")] if case.is_final else []
    if copy.envelope_from is not None:
        told.append(f"<{copy.envelope_from}>")
    if not told:
        raise Skipped("not seen: delivered mail does not tell its sender")
    for path in map(trace.return_path, told):
        _expect(client, path.problem and f"<{path.mailbox}>: {path.problem}", f"<{sender}>")


BREAKS = {"LF": b"\n", "CR": b"\r", "NUL": b"\0"}
INJECTED = "X-Conformance-Injected"


@pytest.mark.judges("trace.clean")
@pytest.mark.parametrize("place", ["EHLO", "MAIL"])
@pytest.mark.parametrize("octet", BREAKS.values(), ids=BREAKS)
def test_clean(case: Case, octet: bytes, place: str) -> None:
    """A line end hidden in a name or a path, if it is taken, begins no line of its own in the delivered header."""
    client = case.client("ehlo" if place == "MAIL" else "greeted")
    odd = b"a" + octet + INJECTED.encode() + b":b"
    hello, mail = client.hail("EHLO", "").encode() + b" " + odd, b"MAIL FROM:<" + odd + b"@"
    line = hello if place == "EHLO" else mail + case.sender_domain.encode() + b">"
    client.send(line + CRLF)
    reply = client.hear_or_end()
    if not reply or not reply.code.startswith("2"):
        return
    client.hear_within(0.5)  # of a server that takes it for two lines
    if client.left_within(0.1):
        return
    message = client.message()
    for verb in ("RCPT", "DATA") if place == "MAIL" else ("MAIL", "RCPT", "DATA"):
        client.set_up(client.plain(verb))
    client.deliver_content(message)
    injected = case.delivered(message).all(INJECTED)
    if injected:
        raise client.breach("a header line that came out of a command", "no such line", f"{INJECTED}: ...")
