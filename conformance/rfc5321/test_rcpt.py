"""RCPT: recipients of every form, what a refused one leaves, and for whom a server relays."""

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.rfc5321 import codes
from conformance.rfc5321.case import Case
from conformance.rfc5321.envelope import forward_paths, spelled


@pytest.mark.judges("rcpt.250")
def test_250(case: Case) -> None:
    """A recipient that is taken is answered 250 or 251."""
    case.client("mail").expect_code(f"RCPT TO:<{case.recipient}>", "250", "251")


@pytest.mark.judges("rcpt.before-mail")
def test_before_mail(case: Case) -> None:
    """RCPT without MAIL is answered 503, for its order is wrong and not the recipient."""
    client = case.client("ehlo")
    reply = client.say(client.plain("RCPT"))
    if reply.code.startswith("4") or reply.code in ("523", "530", "534", "538"):
        raise Skipped(f"{codes.sense(reply).value}: RCPT without MAIL is answered {reply.code}")
    if reply.code != "503":
        raise client.breach("RCPT without MAIL", "503", reply.text)


REFUSED = ("malformed", "8 bits", "parameter", "foreign", "unknown user")


def to_be_refused(case: Case, kind: str) -> str:
    """A RCPT that the server is to refuse.

    Raises:
        Skipped: the tester gives no such address.
    """
    if kind == "malformed":
        return f"RCPT TO:<u@@{case.domain}>"
    if kind == "8 bits":
        return f"RCPT TO:<h\xc3\xa9llo@{case.domain}>"
    if kind == "parameter":
        return f"RCPT TO:<{case.recipient}> FROB=1"
    return f"RCPT TO:<{case.foreign_recipient if kind == 'foreign' else case.bad_recipient}>"


@pytest.mark.judges("rcpt.refused-keeps", control={"kind": ""})
@pytest.mark.parametrize("state", ["mail", "rcpt"], ids=["before a good one", "after a good one"])
@pytest.mark.parametrize("kind", REFUSED)
def test_refused_keeps(case: Case, kind: str, state: str) -> None:
    """A refused recipient changes nothing: the next good one is taken, and DATA gets 354."""
    line = to_be_refused(case, kind) if kind else ""
    client = case.client(state)
    if kind and not codes.refused(client.say(line)):
        raise Skipped("not refused: the recipient that is to be refused is taken")
    if state == "mail":
        client.expect_as_plain(client.plain("RCPT"), "" if kind else "rcpt.250")
    client.expect_as_plain("DATA", "" if kind else "data.354")
    client.deliver_content(client.message())


@pytest.mark.judges("rcpt.postmaster")
def test_postmaster(case: Case) -> None:
    """`<Postmaster>` without a domain is taken."""
    client = case.client("mail")
    reply = client.say("RCPT TO:<Postmaster>")
    if not reply.code.startswith("5"):
        case.expect_accepted(reply, "<Postmaster>", [client])
    elif reply.code in ("523", "530", "534", "538"):
        raise Skipped(f"a login or TLS is wanted: <Postmaster> is answered {reply.code}")
    elif case.tester.role == "lmtp":
        case.note(f"refused: {reply.code}", about=[client])
    elif case.tester.public or client.say(f"RCPT TO:<postmaster@{case.domain}>").code.startswith("2"):
        raise client.breach("<Postmaster> is refused", "2yz", reply.text)
    else:
        case.warn("no postmaster in any form", "2yz", reply.text, about=[client])


SPELLED = {"letters": "pOSTmaster", "domains": "postmaster@{domain}"}


@pytest.mark.judges("rcpt.postmaster-any")
@pytest.mark.parametrize("form", SPELLED)
def test_postmaster_any(case: Case, form: str) -> None:
    """Where `<Postmaster>` is taken, it is in any letters, and at each domain that is served."""
    client = case.client("mail")
    if codes.refused(client.say("RCPT TO:<Postmaster>")):
        raise Skipped("not taken: <Postmaster>")
    for domain in served(case) if form == "domains" else [""]:
        client.expect_as_plain(f"RCPT TO:<{SPELLED[form].format(domain=domain)}>")


def served(case: Case) -> list[str]:
    """The domains that the tester names as served.

    Raises:
        Skipped: none is named.
    """
    addresses = [*case.tester.recipients, case.tester.bad_recipient or ""]
    domains = dict.fromkeys(address.rpartition("@")[2].lower() for address in addresses if "@" in address)
    if not domains:
        raise Skipped("not given: name --recipient")
    return list(domains)


@pytest.mark.judges("rcpt.domain-case", control={"letters": "as they are"})
@pytest.mark.parametrize("letters", ["upper", "mixed"])
def test_domain_case(case: Case, letters: str) -> None:
    """The recipient is taken with its domain in other letters."""
    local_part, _, domain = case.recipient.rpartition("@")
    spelled = {"upper": domain.upper(), "mixed": domain.lower().title().swapcase()}.get(letters, domain)
    case.client("mail").expect_as_plain(f"RCPT TO:<{local_part}@{spelled}>")


ROUTE = "@one.example,@two.example:"


@pytest.mark.judges("rcpt.route", control={"route": ""})
@pytest.mark.parametrize("route", [ROUTE], ids=["two hops"])
def test_route(case: Case, route: str) -> None:
    """A recipient behind a source route meets no syntax refusal; not to relay is policy."""
    at_home = f"{case.recipient.rpartition('@')[0]}@{case.domain}"
    case.client("mail").expect_well_formed(f"RCPT TO:<{route}{at_home}>")


@pytest.mark.judges("rcpt.route-ignored")
@pytest.mark.places(2)
def test_route_ignored(case: Case) -> None:
    """A message that was taken for a recipient behind a source route arrives there."""
    client = case.client("mail")
    if codes.refused(client.say(f"RCPT TO:<{ROUTE}{case.recipient}>")):
        raise Skipped("not taken: a recipient behind a source route")
    client.set_up("DATA")
    message = client.message()
    client.deliver_content(message)
    if not case.arrived(message) and case.never_arrives(message):
        raise client.breach("the message did not arrive behind its route", case.recipient, "nothing")


@pytest.mark.judges("rcpt.literal", control={"literal": False})
@pytest.mark.parametrize("literal", [True], ids=["literal"])
def test_literal(case: Case, literal: bool) -> None:
    """A recipient at the server's own address meets no syntax refusal; that it takes no such mail is policy."""
    address = case.server.address[0]
    host = f"[IPv6:{address}]" if ":" in address else f"[{address}]"
    local_part = case.recipient.rpartition("@")[0] or case.recipient
    recipient = f"{local_part}@{host}" if literal else case.recipient
    case.client("mail").expect_well_formed(f"RCPT TO:<{recipient}>")


@pytest.mark.judges("rcpt.case-kept")
def test_case_kept(case: Case) -> None:
    """A relay passes on a recipient's local part in the letters in which it came."""
    assert case.mail  # a sink has to be there before a relay looks for it
    local_part = case.recipient.rpartition("@")[0].swapcase()
    recipient = f"{local_part}@{case.domain}"
    client = case.client("mail")
    if local_part.lower() == local_part.upper() or codes.refused(client.say(f"RCPT TO:<{recipient}>")):
        raise Skipped("not taken: the recipient in other letters")
    client.set_up("DATA")
    message = client.message()
    client.deliver_content(message)
    passed_on = case.delivered(message).envelope_to
    if passed_on is None:
        raise Skipped("not relayed: the envelope can be seen in a sink only")
    if local_part not in [path.rpartition("@")[0] for path in passed_on]:
        raise client.breach("a local part in other letters", recipient, " ".join(passed_on))


@pytest.mark.judges("rcpt.quoted-equal", control={"quote": ""})
@pytest.mark.parametrize("quote", ['"'], ids=["quoted"])
def test_quoted_equal(case: Case, quote: str) -> None:
    """The recipient with its local part in quotes is taken as it is without, for both are one mailbox."""
    local_part = case.recipient.rpartition("@")[0].strip('"')
    case.client("mail").expect_as_plain(f"RCPT TO:<{quote}{local_part}{quote}@{case.domain}>")


@pytest.mark.judges("rcpt.null")
def test_null(case: Case) -> None:
    """Nobody is no recipient: `<>` is refused."""
    case.client("mail").expect_refused("RCPT TO:<>")


MALFORMED = {"unclosed": "<u@{domain}", "two at signs": "<u@@{domain}>", "no local part": "<@{domain}>"}


@pytest.mark.judges("rcpt.malformed")
@pytest.mark.parametrize("form", MALFORMED)
def test_malformed(case: Case, form: str) -> None:
    """A path that is none by the grammar is refused, also at a domain that is served."""
    case.client("mail").expect_refused(f"RCPT TO:{MALFORMED[form].format(domain=case.domain)}")


LOOSE = {"no brackets": "RCPT TO:{recipient}", "space after the colon": "RCPT TO: <{recipient}>"}


@pytest.mark.judges("rcpt.loose")
@pytest.mark.parametrize("form", LOOSE)
def test_loose(case: Case, form: str) -> None:
    """A form that is wrong and often taken nevertheless is taken or refused; either is right."""
    case.client("mail").note_liberty(LOOSE[form].format(recipient=case.recipient), form)


@pytest.mark.judges("rcpt.param-unknown")
def test_param_unknown(case: Case) -> None:
    """A parameter of no extension is refused."""
    client = case.client("mail")
    client.expect_refused(f"{client.plain('RCPT')} FROB=1")


@pytest.mark.judges("rcpt.unknown-user")
def test_unknown_user(case: Case) -> None:
    """A recipient who does not exist is refused with 550, or taken, to be told of later."""
    line = f"RCPT TO:<{case.bad_recipient}>"
    client = case.client("mail")
    reply = client.say(line)
    if codes.sense(reply) is codes.Sense.ACCEPTED:
        case.note(f"taken: {reply.code}, so that a notification has to follow", about=[client])
    elif reply.code.startswith("4") or reply.code in ("523", "530", "534", "538"):
        raise Skipped(f"{codes.sense(reply).value}: the unknown user is answered {reply.code}")
    elif reply.code not in ("550", "551"):
        raise client.breach("a user who does not exist", "550", reply.text)


@pytest.mark.judges("rcpt.relay")
def test_relay(case: Case) -> None:
    """A recipient whose domain is not served is refused, or relayed to; the report says which."""
    line = f"RCPT TO:<{case.foreign_recipient}>"
    client = case.client("mail")
    reply = client.say(line)
    relays = codes.sense(reply) is codes.Sense.ACCEPTED
    case.note(f"{'relays for this client' if relays else 'refused'}: {reply.code}", about=[client])


@pytest.mark.judges("rcpt.relay-open")
def test_relay_open(case: Case) -> None:
    """A public server takes no message for a domain that it does not serve from a client that it does not know."""
    if not (case.tester.public and case.tester.stranger):
        raise Skipped("only of a public server, for a stranger: --public, --stranger")
    line = f"RCPT TO:<{case.foreign_recipient}>"
    client = case.client("mail")
    if codes.refused(client.say(line)) or codes.refused(client.say("DATA")):
        return
    reply = client.content(client.message().data)
    if not codes.refused(reply):
        raise client.breach("an open relay", "4yz or 5yz, at the latest at the end of data", reply.text)


TRICKS = {
    "percent": "{user}%{elsewhere}@{served}",
    "quoted": '"{user}@{elsewhere}"@{served}',
    "bang path": "{elsewhere}!{user}@{served}",
    "route": "@{served}:{user}@{elsewhere}",
}


@pytest.mark.judges("rcpt.relay-tricks")
@pytest.mark.parametrize("trick", TRICKS)
def test_relay_tricks(case: Case, trick: str) -> None:
    """A foreign recipient who is refused as he stands gets nothing by another spelling."""
    user, _, elsewhere = case.foreign_recipient.rpartition("@")
    recipient = TRICKS[trick].format(user=user, elsewhere=elsewhere, served=case.domain)
    client = case.client("mail")
    if not codes.refused(client.say(f"RCPT TO:<{case.foreign_recipient}>")):
        raise Skipped("relays: the foreign recipient is taken as it stands")
    if codes.refused(client.say(f"RCPT TO:<{recipient}>")):
        return
    store, message = case.mail, client.message()
    client.set_up("DATA")
    if codes.refused(client.content(message.data)):
        return
    case.delivered(message)
    if spelled(case.foreign_recipient) in forward_paths(store.find(message.mark.encode())):
        raise client.breach("another spelling reaches a foreign mailbox", "no copy for it", recipient)
