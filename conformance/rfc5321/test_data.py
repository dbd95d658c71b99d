"""DATA: when it is accepted, what its end is answered, how much it may hold, and what is over after it."""

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.rfc5321 import codes, ends, refusals
from conformance.rfc5321.case import Case
from conformance.rfc5321.scene import shown


@pytest.mark.judges("data.354")
def test_354(case: Case) -> None:
    """DATA that is accepted is answered 354."""
    client = case.client("rcpt")
    reply = client.say("DATA")
    case.expect(reply.code not in ("500", "502"), "cmd.required", "DATA is unknown", "354", reply.text, [client])
    case.expect_accepted(reply, "DATA after a recipient", [client])
    if reply.code != "354":
        raise client.breach("DATA is accepted with another code", "354", reply.text)
    client.content(client.message().data)


@pytest.mark.judges("data.no-rcpt")
@pytest.mark.parametrize("recipient", ["no sender", "no recipient", "a refused recipient"])
def test_no_recipient(case: Case, recipient: str) -> None:
    """DATA without a sender, or with no accepted recipient, is refused, at the latest at the end of data."""
    client = case.client("ehlo" if recipient == "no sender" else "mail")
    if recipient == "a refused recipient":
        refusals.of_recipient(case, client)
    reply = client.say("DATA")
    if reply.code.startswith("3"):
        reply = client.content(client.message().data)
    case.expect_refused(reply, f"a message with {recipient}", [client])


@pytest.mark.judges("data.refused-goes-on")
def test_refused_goes_on(case: Case) -> None:
    """After a 503 to DATA without a recipient the sender stays: a recipient is accepted, and then DATA."""
    client = case.client("mail")
    reply = client.say("DATA")
    if reply.code != "503":
        raise Skipped(f"only after a 503: DATA without a recipient is answered {shown(reply)}")
    client.expect_accepted(client.plain("RCPT"))
    client.expect_accepted("DATA")
    client.content(client.message().data)


@pytest.mark.judges("data.250")
def test_250(case: Case) -> None:
    """The end of data is answered 250, 4yz or 5yz, and by no other 2yz."""
    client = case.client("data")
    reply = client.content(client.message().data)
    if reply.code != "250" and not codes.refused(reply):
        raise client.breach("not a reply to the end of data", "250, 4yz or 5yz", reply.text)


COMMANDS = {"RSET": b"RSET\r\n", "MAIL": b"MAIL FROM:<>\r\n", "DATA": b"DATA\r\n", "QUIT": b"QUIT\r\n"}


@pytest.mark.judges("data.not-commands", control={"verb": ""})
@pytest.mark.parametrize("verb", COMMANDS)
def test_not_commands(case: Case, verb: str) -> None:
    """A line of the data that looks like a command is text, though a segment begins with it: there is one reply."""
    client = case.client("data")
    begin, rest = client.message().content, b"text" + ends.END
    ends.expect_one_message(case, client, f"a line {verb} in it", begin, COMMANDS.get(verb, b""), rest, quiet=ends.SOON)


TEXT = b"plain text in a line that is as long as a line of mail may be at the most " * 14
LINES = {"short": TEXT[:70], "998 octets": TEXT[:998], "998 octets, the first a dot": b"." + TEXT[:997]}


@pytest.mark.judges("data.line-1000", control={"line": "short"})
@pytest.mark.parametrize("line", list(LINES)[1:])
def test_line_of_1000(case: Case, line: str) -> None:
    """A line of 998 octets and CR LF is accepted, and with a doubled dot, which is not counted, one octet more."""
    client = case.client("data")
    client.expect_taken(client.message().with_body(LINES[line] + b"\r\n"), f"a line of {line}")


@pytest.mark.judges("data.64k", control={"size": 1_000})
@pytest.mark.parametrize("size", [65_536])
def test_64k(case: Case, size: int) -> None:
    """A message of 65,536 octets is accepted."""
    client = case.client("data")
    if 0 < client.largest < size:
        raise Skipped(f"SIZE announces {client.largest}, which size.64k judges")
    client.expect_taken(client.message().filled(size), f"a message of {size} octets")


@pytest.mark.judges("data.after", control={"state": "ehlo"})
@pytest.mark.parametrize("state", ["delivered"])
def test_after(case: Case, state: str) -> None:
    """After the 250 at the end of data the transaction is over: RCPT is refused, and MAIL is accepted at once."""
    client = case.client(state)
    client.expect_refused(client.plain("RCPT"), "rcpt.before-mail" if state == "ehlo" else "")
    client.expect_accepted(client.plain("MAIL"), "mail.250" if state == "ehlo" else "")


@pytest.mark.judges("data.after-refused", control={"refused": False})
@pytest.mark.parametrize("refused", [True], ids=["refused"])
def test_after_refused(case: Case, refused: bool) -> None:
    """After a refusal at the end of data the transaction is over: RCPT is refused, and MAIL is accepted at once."""
    if not refused:
        client = case.client("ehlo")
        client.expect_refused(client.plain("RCPT"), "rcpt.before-mail")
        return
    for client, _, why in refusals.at_the_end(case):
        client.send(client.plain("RCPT").encode("latin-1") + b"\r\n")
        if reply := client.hear_or_end():
            case.expect_refused(reply, f"RCPT after a message was refused for {why}", [client])
            client.expect_accepted(client.plain("MAIL"))
            return
    raise Skipped("no refusal at the end of data was to be had after which the session goes on")


@pytest.mark.judges("data.prompt")
def test_prompt(case: Case) -> None:
    """How long the reply to the end of data takes: after more than a minute a client may send the message again."""
    client = case.client("data")
    reply = client.content(client.message().data)
    seconds = reply.at - client.wire.sent
    case.note(f"the end of data is answered after {seconds:.1f} s{', which is long' * (seconds > 60)}", about=[client])
