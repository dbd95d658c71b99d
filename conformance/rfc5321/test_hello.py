"""EHLO and HELO: the reply, what it announces, the names that are taken, and what becomes of a transaction."""

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.harness.wire.reply import Reply
from conformance.rfc5321 import codes, grammar, keywords
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.scene import shown
from conformance.rfc5321.session import JUDGED_BY

PLAIN = "client.conformance.example"
"""A name, for servers that take no address."""


def greet(case: Case, verb: str) -> Client:
    """A client that has greeted the server, and got its 250, by its own name or by a plain one.

    Raises:
        Broken, Blocked, Skipped: no name is answered 250.
    """
    client = case.client("greeted")
    for name in dict.fromkeys((case.client_name, PLAIN)):
        reply = client.say(client.hail(verb, name))
        if reply.code == "250":
            client.hello = reply
            return client
        if reply.code in ("500", "502"):
            raise client.breach(f"{verb} is not known", "250", reply.text, "cmd.required")
    if codes.sense(reply) in (codes.Sense.POLICY, codes.Sense.TEMPORARY, codes.Sense.LEAVING):
        raise Skipped(f"{codes.sense(reply).value}: {verb} is answered {shown(reply)}")
    raise client.breach(f"{verb} is not answered 250", "250", reply.text, f"{verb.lower()}.250")


@pytest.mark.judges("ehlo.250")
def test_ehlo(case: Case) -> None:
    """EHLO with the client's name is answered 250."""
    greet(case, "EHLO")


@pytest.mark.judges("ehlo.name")
def test_name(case: Case) -> None:
    """The first word of the reply is a domain name or an address literal."""
    client = greet(case, "EHLO")
    assert client.hello
    name = client.hello.lines[0].text.split(" ")[0]
    if grammar.is_host(name):
        return
    if grammar.is_host(name.replace("_", "-")):
        case.warn("an underscore in the server's name", "letters, digits, hyphens", name, about=[client])
    else:
        raise client.breach("EHLO's reply does not begin with a name", "250 NAME ...", client.hello.lines[0].text)


@pytest.mark.judges("ehlo.lines")
def test_lines(case: Case) -> None:
    """Each further line of the reply is a keyword, and its parameters in printable ASCII."""
    client = greet(case, "EHLO")
    assert client.hello
    for line in client.hello.lines[1:]:
        reason, at_most = keywords.fault(line.text)
        if reason:
            wanted = "KEYWORD PARAMETER ..."
            case.record.find("ehlo.lines", reason, wanted, line.text or "an empty line", [client.connection], at_most)


@pytest.mark.judges("ehlo.registered")
def test_registered(case: Case) -> None:
    """What is announced is registered, or begins with X."""
    client = greet(case, "EHLO")
    assert client.hello
    right = [line.text.split(" ")[0] for line in client.hello.lines[1:] if keywords.fault(line.text)[1] != "fail"]
    unknown = [keyword for keyword in right if not keywords.is_registered(keyword.partition("=")[0])]
    if unknown:
        raise client.breach("not a registered keyword", "a registered one, or one with X", ", ".join(unknown))


LISTED = {
    "EXPN": "EXPN staff",
    "HELP": "HELP",
    "VRFY": "VRFY postmaster",
    "ETRN": "ETRN {domain}",
    "BDAT": "BDAT 0",
    "AUTH": "AUTH {mechanism}",
    "STARTTLS": "STARTTLS",
    "TURN": "TURN",
}
"""Commands beyond the minimum, rightly formed."""


def try_out(client: Client, case: Case, command: str) -> Reply:
    """Say a command beyond the minimum, and take back what it began."""
    mechanism = client.keywords.get("AUTH", "").split(" ")[0] or "PLAIN"
    line = LISTED.get(command, command).replace("{mechanism}", mechanism)
    reply = client.say(line.replace("{domain}", case.domain) if "{" in line else line)
    if command == "AUTH" and reply.code == "334":
        client.say("*")
    if command in ("STARTTLS", "TURN") and reply.code.startswith("2"):
        client.close()
    return reply


def is_listed(client: Client, command: str) -> bool:
    """Whether EHLO announced a command; BDAT by its extension's name."""
    return ("CHUNKING" if command == "BDAT" else command) in client.keywords


@pytest.mark.judges("ehlo.true")
@pytest.mark.parametrize("command", [command for command in LISTED if command != "TURN"])
def test_true(case: Case, command: str) -> None:
    """A command that is announced is neither unknown nor unimplemented."""
    client = greet(case, "EHLO")
    if is_listed(client, command) and (reply := try_out(client, case, command)).code in ("500", "502"):
        raise client.breach(f"{command} is announced, and not known", "any code but 500 and 502", reply.text)


@pytest.mark.judges("ehlo.complete", control={"command": "XFROB"})
@pytest.mark.parametrize("command", [command for command in LISTED if command not in ("EXPN", "VRFY")])
def test_complete(case: Case, command: str) -> None:
    """A command beyond the minimum that is served is announced."""
    client = greet(case, "EHLO")
    if command == "BDAT":
        client.secure()
    for verb in ("MAIL", "RCPT") if command == "BDAT" else ():
        client.set_up(client.plain(verb))
    if is_listed(client, command) or codes.refused(reply := try_out(client, case, command)):
        return
    if command == "HELP" and reply.code not in ("211", "214"):
        raise Skipped(f"not an answer of HELP, which help.211 judges: {shown(reply)}")
    rule = "" if command in LISTED else "cmd.unknown"
    raise client.breach(f"{command} is served, and not announced", "announced or refused", reply.text, rule)


@pytest.mark.judges("ehlo.literal", control={"named": "by name"})
@pytest.mark.parametrize("named", ["by address"])
def test_literal(case: Case, named: str) -> None:
    """EHLO with the client's own address in brackets is taken."""
    client = case.client("greeted")
    own = client.wire.own_address
    literal = f"[IPv6:{own}]" if ":" in own else f"[{own}]"
    client.expect_accepted(client.hail("EHLO", literal if named == "by address" else PLAIN))


@pytest.mark.judges("ehlo.literal-v6", control={"address": "[192.0.2.1]"})
@pytest.mark.parametrize(
    "address",
    [
        "[IPv6:::1]",
        "[IPv6:::]",
        "[IPv6:2001:db8::1]",
        "[IPv6:2001:DB8::aBcD:1]",
        "[IPv6:2001:db8::]",
        "[IPv6:2001:db8:1:2:3:4:5:6]",
        "[IPv6:::ffff:192.0.2.1]",
        "[ipv6:2001:db8::1]",
    ],
)
def test_literal_v6(case: Case, address: str) -> None:
    """EHLO with an IPv6 address in brackets is taken, wherever its :: stands, and in upper and lower case."""
    v6 = ":" in address
    client = case.client("greeted")
    client.expect_accepted(client.hail("EHLO", address), "" if v6 else "ehlo.literal")


LONG_NAME = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])
"""253 octets, the most that the DNS can name."""


@pytest.mark.judges("ehlo.long-name", control={"name": PLAIN})
@pytest.mark.parametrize("name", [LONG_NAME], ids=["253"])
def test_long_name(case: Case, name: str) -> None:
    """EHLO with a name of 253 octets is not too long a line."""
    client = case.client("greeted")
    reply = client.say(client.hail("EHLO", name))
    if reply.code == "500":
        raise client.breach("EHLO with a name of 253 octets", "any code but 500", reply.text)
    if codes.refused(reply):
        case.note(f"a name of 253 octets: {codes.choice(reply)}", about=[client])


@pytest.mark.judges("ehlo.bad-name")
@pytest.mark.parametrize("name", ["under_score.example", "@@!!"])
def test_bad_name(case: Case, name: str) -> None:
    """A name that is none by the grammar may be taken or refused."""
    client = case.client("greeted")
    client.send(f"{client.hail('EHLO', name)}\r\n".encode())
    case.note(f"EHLO {name}: {codes.choice(client.hear_or_end())}", about=[client])


@pytest.mark.judges("ehlo.more-words")
def test_more_words(case: Case) -> None:
    """More words behind the name may be taken or refused."""
    client = case.client("greeted")
    client.send(f"{client.plain('EHLO')} and more\r\n".encode())
    case.note(f"EHLO with more words: {codes.choice(client.hear_or_end())}", about=[client])


@pytest.mark.judges("ehlo.mismatch", control={"whose": "its own"})
@pytest.mark.parametrize("whose", ["of another host"])
def test_mismatch(case: Case, whose: str) -> None:
    """A name that is not the client's does not cost the message."""
    if not case.tester.relay_recipient:
        raise Skipped("not given: name --relay-recipient, whose domain is not the client's")
    name = case.client_name if whose == "its own" else case.tester.relay_recipient.rpartition("@")[2]
    client = case.client("greeted")
    for line in (client.hail("EHLO", name), client.plain("MAIL"), client.plain("RCPT"), "DATA", "the message"):
        reply = client.content(client.message().data) if line == "the message" else client.say(line)
        if reply.code.startswith("4") or reply.code == "530":
            raise Skipped(f"refused for now, or without a login: {line} is answered {shown(reply)}")
        if codes.refused(reply):
            why, base = f"{line} is refused to a client of another name", JUDGED_BY.get(line[:4], "data.250")
            raise case.breach(case.main, why, "2yz or 354", reply.text, base, [client])


@pytest.mark.judges("ehlo.resets", control={"state": "ehlo"})
@pytest.mark.parametrize("verb", ["EHLO", "HELO"])
@pytest.mark.parametrize("state", ["mail", "rcpt"])
def test_resets(case: Case, state: str, verb: str) -> None:
    """A greeting in the middle of a transaction ends it: no recipient is taken without a new sender."""
    client = case.client(state)
    again = client.say(client.plain(verb))
    if codes.refused(again):
        raise Skipped(f"refused: {verb} in a transaction is answered {shown(again)}")
    client.expect_refused(client.plain("RCPT"), "rcpt.before-mail" if state == "ehlo" else "")


@pytest.mark.judges("ehlo.again")
@pytest.mark.parametrize("first", ["EHLO", "HELO"])
def test_again(case: Case, first: str) -> None:
    """EHLO after EHLO or HELO is answered 250, or refused otherwise than as out of order."""
    client = case.client(first.lower())
    reply = client.say(client.plain("EHLO"))
    if reply.code[:1] not in ("2", "4", "5") or reply.code == "503":
        raise client.breach(f"EHLO after {first}", "250, 500, 501, 502, 504, 550 or policy", reply.text)


@pytest.mark.judges("ehlo.refused-keeps", control={"refused": "an unknown command"})
@pytest.mark.parametrize("refused", ["EHLO without a name", "EHLO again"])
@pytest.mark.parametrize(("verb", "wanted"), [("RCPT", "250"), ("DATA", "354")], ids=["RCPT", "DATA"])
def test_refused_keeps(case: Case, verb: str, wanted: str, refused: str) -> None:
    """An EHLO that is refused leaves the transaction as it was: RCPT and DATA are taken as before."""
    client = case.client("rcpt")
    lines = {
        "EHLO without a name": client.hail("EHLO", ""),
        "EHLO again": client.plain("EHLO"),
        "an unknown command": "XFROB",
    }
    if not codes.refused(client.say(lines[refused])):
        if refused == "EHLO again":
            return
        raise Skipped(f"taken: {refused}")
    reply = client.say(client.plain(verb))
    if reply.code.startswith("4"):
        raise Skipped(f"refused for now: {verb} is answered {shown(reply)}")
    if reply.code[:1] != wanted[:1]:
        why = f"{verb} after {refused}, which was refused"
        raise case.breach(case.main, why, wanted, reply.text, "order.error-keeps", [client])
    if verb == "DATA":
        client.content(client.message().data)


@pytest.mark.judges("ehlo.8bitmime")
def test_8bitmime(case: Case) -> None:
    """8BITMIME is announced."""
    client = greet(case, "EHLO")
    if "8BITMIME" not in client.keywords:
        raise client.breach("8BITMIME is not announced", "8BITMIME", " ".join(client.keywords) or "nothing")


@pytest.mark.judges("ehlo.trusting")
def test_trusting(case: Case) -> None:
    """Commands by which a client chooses the address that the server believes are not offered to strangers."""
    client = greet(case, "EHLO")
    if offered := [keyword for keyword in ("XCLIENT", "XFORWARD") if keyword in client.keywords]:
        if case.is_stranger:
            raise client.breach("a client may say who it is", "neither XCLIENT nor XFORWARD", ", ".join(offered))
        case.note(f"offered to a client that may be trusted: {', '.join(offered)}", about=[client])


@pytest.mark.judges("helo.250")
def test_helo(case: Case) -> None:
    """HELO with the client's name is answered 250."""
    greet(case, "HELO")


@pytest.mark.judges("helo.plain")
def test_helo_is_plain(case: Case) -> None:
    """HELO's reply is one line, and not what EHLO announces."""
    client = greet(case, "HELO")
    assert client.hello
    announced = {line.upper() for line in case.learned.get("announced", "").split("\n")}
    names = {line.split(" ")[0] for line in announced}
    further = [line.text.strip().upper() for line in client.hello.lines[1:]]
    if listed := [line for line in further if line and line in announced | names]:
        raise client.breach("HELO's reply is EHLO's", "250 and a name", ", ".join(listed))
    if further:
        case.warn("more than one line", "250 and a name", client.hello.text, about=[client])


@pytest.mark.judges("helo.transaction", control={"verb": "EHLO"})
@pytest.mark.parametrize("verb", ["HELO"])
def test_helo_transaction(case: Case, verb: str) -> None:
    """After HELO a message is sent as after EHLO."""
    client = greet(case, verb)
    for word in ("MAIL", "RCPT", "DATA"):
        client.expect_accepted(client.plain(word))
    client.expect_taken(client.message(), f"a message after {verb}")
