"""MAIL: senders of every form that the grammar has, of some that it has not, and what becomes of a transaction."""

from pathlib import Path

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.rfc5321 import codes
from conformance.rfc5321.canary import HIDDEN, RUNS_WITHIN, Canary, first_found, spellings
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.envelope import reverse_path
from conformance.rfc5321.kind import Maildir

LOGIN_FIRST = ("523", "530", "534", "535", "538")
"""Codes that ask for a login, or for TLS."""


def judge_local_part(case: Case, verb: str, local_part: str) -> None:
    """Send a path with a local part of the grammar, in RCPT at the recipient's domain, where nobody need have it."""
    if verb == "MAIL":
        case.client("ehlo").expect_accepted(f"MAIL FROM:<{local_part}@{case.sender_domain}>")
    else:
        case.client("mail").expect_well_formed(f"RCPT TO:<{local_part}@{case.domain}>")


@pytest.mark.judges("mail.250")
def test_250(case: Case) -> None:
    """A sender that is taken is answered 250."""
    case.client("ehlo").expect_code(f"MAIL FROM:<{case.sender}>", "250")


@pytest.mark.judges("mail.null", control={"null": False})
@pytest.mark.parametrize("null", [True], ids=["null"])
def test_null(case: Case, null: bool) -> None:
    """The null sender is taken, or refused for now: every server has to take notifications."""
    client = case.client("ehlo")
    reply = client.say("MAIL FROM:<>" if null else client.plain("MAIL"))
    if reply.code in LOGIN_FIRST:
        raise Skipped(f"a login or TLS is wanted: the null sender is answered {reply.code}")
    if reply.code.startswith("5"):
        raise client.breach("the null sender is refused", "250, or 4yz", reply.text)


REFUSED = {
    "unclosed": "MAIL FROM:<a@b",
    "8 bits": "MAIL FROM:<h\xc3\xa9llo@mail.example>",
    "parameter": "MAIL FROM:<{sender}> FROB=1",
}


@pytest.mark.judges("mail.refused-keeps", control={"refused": ""})
@pytest.mark.parametrize("refused", REFUSED)
def test_refused_keeps(case: Case, refused: str) -> None:
    """After a refused MAIL there is no sender: RCPT is refused, and a good MAIL is taken."""
    client = case.client("ehlo")
    if refused and not codes.refused(client.say(REFUSED[refused].format(sender=case.sender))):
        raise Skipped("not refused: the MAIL that is to be refused is taken")
    client.expect_refused(client.plain("RCPT"), "" if refused else "rcpt.before-mail")
    client.expect_as_plain(client.plain("MAIL"), "" if refused else "mail.250")


def say_second_mail(case: Case, client: Client) -> bool:
    """Send a second MAIL, of another sender; whether it is taken.

    Raises:
        Skipped: it is refused for other reasons than its order.
    """
    reply = client.say(f"MAIL FROM:<{other_sender(case)}>")
    meaning = codes.sense(reply)
    if meaning in (codes.Sense.POLICY, codes.Sense.TEMPORARY, codes.Sense.LEAVING):
        raise Skipped(f"{meaning.value}: another sender is answered {reply.code}")
    return meaning is codes.Sense.ACCEPTED


def other_sender(case: Case) -> str:
    """A sender that is not the usual one."""
    return "" if case.sender else "probe@conformance.example"


@pytest.mark.judges("mail.nested", control={"second": False})
@pytest.mark.parametrize("second", [True], ids=["second"])
def test_nested_refused(case: Case, second: bool) -> None:
    """Where a second MAIL is refused, sender and recipients stay: DATA gets 354."""
    client = case.client("rcpt")
    if second and say_second_mail(case, client):
        return
    client.expect_as_plain("DATA", "" if second else "data.354")
    client.deliver_content(client.message())


@pytest.mark.judges("mail.nested", control={"state": "mail"})
@pytest.mark.parametrize("state", ["rcpt"])
def test_nested_taken(case: Case, state: str) -> None:
    """Where a second MAIL gets 250, the recipients before it are gone: no message is taken for them."""
    client = case.client(state)
    if not say_second_mail(case, client):
        return
    reply = client.say("DATA")
    if reply.code == "354":
        reply = client.content(client.message().data)
    judged = "" if state == "rcpt" else "data.no-rcpt"
    if not codes.refused(reply):
        raise client.breach("the recipients before a second MAIL stay", "4yz or 5yz", reply.text, judged)


@pytest.mark.judges("mail.nested", control={"second": False})
@pytest.mark.parametrize("second", [True], ids=["second"])
def test_nested_without_recipient(case: Case, second: bool) -> None:
    """After a second MAIL, refused or taken, there is a sender: a recipient is taken."""
    client = case.client("mail")
    if second:
        say_second_mail(case, client)
    client.expect_as_plain(client.plain("RCPT"), "" if second else "rcpt.250")


@pytest.mark.judges("mail.nested")
def test_nested_sender(case: Case) -> None:
    """A message has the first MAIL's sender where the second was refused, and the second's where that was taken."""
    if not case.tester.final:
        raise Skipped("a sender cannot be seen: name --final")
    client = case.client("rcpt")
    taken = say_second_mail(case, client)
    if taken:
        client.set_up(client.plain("RCPT"))
    client.set_up("DATA")
    message = client.message()
    client.deliver_content(message)
    right, wrong = (other_sender(case), case.sender) if taken else (case.sender, other_sender(case))
    if reverse_path(case.delivered(message)) == wrong:
        raise client.breach("the message has the other MAIL's sender", f"<{right}>", f"<{wrong}>")


@pytest.mark.judges("mail.before-ehlo")
def test_before_ehlo(case: Case) -> None:
    """MAIL as the first command is taken or refused; either is right."""
    client = case.client("greeted")
    client.note_liberty(client.plain("MAIL"))


LOOSE = {
    "space before the colon": "MAIL FROM :<{sender}>",
    "space after the colon": "MAIL FROM: <{sender}>",
    "no brackets": "MAIL FROM:{sender}",
    "no domain": "MAIL FROM:<abc>",
}


@pytest.mark.judges("mail.loose")
@pytest.mark.parametrize("form", LOOSE)
def test_loose(case: Case, form: str) -> None:
    """A form that is wrong and often taken nevertheless is taken or refused; either is right."""
    case.client("ehlo").note_liberty(LOOSE[form].format(sender=case.sender or "probe@conformance.example"), form)


MALFORMED = {
    "unclosed": "<a@b",
    "two at signs": "<a@@b.example>",
    "no local part": "<@b.example>",
    "space": "<a b@c.example>",
}


@pytest.mark.judges("mail.malformed")
@pytest.mark.parametrize("form", MALFORMED)
def test_malformed(case: Case, form: str) -> None:
    """A path that is none by the grammar is refused."""
    case.client("ehlo").expect_refused(f"MAIL FROM:{MALFORMED[form]}")


COMMON = {"plus": "a+b", "hyphen": "a-b", "underscore": "a_b", "equals sign": "a=b", "inner dots": "a.b.c"}
RARE = {
    "exclamation mark": "a!b",
    "number sign": "a#b",
    "dollar": "a$b",
    "percent": "a%b",
    "ampersand": "a&b",
    "apostrophe": "a'b",
    "asterisk": "a*b",
    "slash": "a/b",
    "question mark": "a?b",
    "caret": "a^b",
    "braces": "a{b}",
    "tilde": "a~b",
    "grave accent": "a`b",
    "vertical bar": "a|b",
}


@pytest.mark.judges("mail.atext", control={"form": "plain"})
@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
@pytest.mark.parametrize("form", COMMON)
def test_atext(case: Case, form: str, verb: str) -> None:
    """A local part with a sign that is common in addresses meets no syntax refusal."""
    judge_local_part(case, verb, COMMON.get(form, "ab"))


@pytest.mark.judges("mail.atext-rare", control={"form": "plain"})
@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
@pytest.mark.parametrize("form", RARE)
def test_atext_rare(case: Case, form: str, verb: str) -> None:
    """A local part with a rarer sign of the grammar meets no syntax refusal."""
    judge_local_part(case, verb, RARE.get(form, "ab"))


QUOTED = {
    "space": r'"a b"',
    "at sign": r'"a@b"',
    "quoted quote": r'"a\"b"',
    "quoted backslash": r'"a\\b"',
}


@pytest.mark.judges("mail.quoted", control={"form": "plain"})
@pytest.mark.parametrize("form", QUOTED)
def test_quoted(case: Case, form: str) -> None:
    """A sender with a quoted local part meets no syntax refusal, 553 included."""
    sender = f"{QUOTED.get(form, 'ab')}@{case.sender_domain}"
    case.client("ehlo").expect_accepted(f"MAIL FROM:<{sender}>", also=("553",))


ODD_LOCAL = {"dot first": ".a", "two dots": "a..b", "dot last": "a.", "empty in quotes": '""'}


@pytest.mark.judges("mail.odd-local")
@pytest.mark.parametrize("form", ODD_LOCAL)
def test_odd_local(case: Case, form: str) -> None:
    """A local part on which the world does not agree is taken or refused; either is right."""
    case.client("ehlo").note_liberty(f"MAIL FROM:<{ODD_LOCAL[form]}@{case.sender_domain}>", form)


LITERALS = {"IPv4": "[192.0.2.1]", "IPv6": "[IPv6:2001:db8::1]"}


@pytest.mark.judges("mail.literal", control={"form": "name"})
@pytest.mark.parametrize("form", LITERALS)
def test_literal(case: Case, form: str) -> None:
    """A sender at an address literal meets no syntax refusal."""
    case.client("ehlo").expect_accepted(f"MAIL FROM:<a@{LITERALS.get(form, case.sender_domain)}>")


ODD_DOMAINS = {
    "underscore": "b_c.example",
    "one label": "onelabel",
    "dot at its end": "b.example.",
    "no IPv4 address": "[300.1.1.1]",
    "no IPv6 address": "[IPv6:zz]",
    "number": "#123",
}


@pytest.mark.judges("mail.odd-domain")
@pytest.mark.parametrize("form", ODD_DOMAINS)
def test_odd_domain(case: Case, form: str) -> None:
    """A domain that is wrong, or of one label, is taken or refused; either is right."""
    case.client("ehlo").note_liberty(f"MAIL FROM:<a@{ODD_DOMAINS[form]}>", form)


@pytest.mark.judges("mail.route", control={"route": ""})
@pytest.mark.parametrize("route", ["@one.example,@two.example:"], ids=["two hops"])
def test_route(case: Case, route: str) -> None:
    """A sender behind a source route meets no syntax refusal; that the site wants none is its policy."""
    if not case.sender:
        raise Skipped("no sender: a route leads to a mailbox, and the null sender has none")
    case.client("ehlo").expect_well_formed(f"MAIL FROM:<{route}{case.sender}>")


def long_domain(octets: int) -> str:
    """A domain of so many octets in labels of at most 63, which does not exist."""
    labels = (octets - len(".example") + 64) // 64
    letters = octets - len(".example") - (labels - 1)
    shares = [letters // labels + (at < letters % labels) for at in range(labels)]
    return ".".join([*("d" * share for share in shares), "example"])


@pytest.mark.judges("mail.length-local", control={"octets": 8})
@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
@pytest.mark.parametrize("octets", [64])
def test_length_local(case: Case, octets: int, verb: str) -> None:
    """A local part of 64 octets meets no syntax refusal."""
    judge_local_part(case, verb, octets * "a")


@pytest.mark.judges("mail.length-path", control={"octets": 30})
@pytest.mark.parametrize("octets", [256])
def test_length_path(case: Case, octets: int) -> None:
    """A path of 256 octets with its brackets meets no syntax refusal."""
    local_part = min(64, octets // 4) * "a"
    case.client("ehlo").expect_accepted(f"MAIL FROM:<{local_part}@{long_domain(octets - len(local_part) - 3)}>")


OVER_LENGTH = {
    "local part of 65": f"{65 * 'a'}@conformance.example",
    "path of 257": f"{64 * 'a'}@{long_domain(190)}",
    "path of 500": f"{64 * 'a'}@{long_domain(433)}",
}


@pytest.mark.judges("mail.over-length")
@pytest.mark.parametrize("form", OVER_LENGTH)
def test_over_length(case: Case, form: str) -> None:
    """What is longer than every server has to take is taken or refused; either is right."""
    case.client("ehlo").note_liberty(f"MAIL FROM:<{OVER_LENGTH[form]}>", form)


@pytest.mark.judges("mail.param-unknown")
def test_param_unknown(case: Case) -> None:
    """A parameter of no extension is refused."""
    client = case.client("ehlo")
    client.expect_refused(f"{client.plain('MAIL')} FROB=1")


PARAMETERS = {
    "SIZE": "SIZE=1000",
    "BODY": "BODY=8BITMIME",
    "RET": "RET=HDRS",
    "ENVID": "ENVID=conformance",
    "AUTH": "AUTH=<>",
    "SMTPUTF8": "SMTPUTF8",
}
ANNOUNCED_BY = {"BODY": "8BITMIME", "RET": "DSN", "ENVID": "DSN"}
"""The keywords of the extensions whose parameters have other names."""


def taken_alone(case: Case) -> list[str]:
    """The parameters of announced extensions that are taken one by one, each in a session of its own.

    Raises:
        Skipped: there is none.
    """
    keywords = case.client("ehlo").keywords
    taken = []
    for name, parameter in PARAMETERS.items():
        if ANNOUNCED_BY.get(name, name) in keywords:
            client = case.client("ehlo")
            if codes.sense(client.say(f"{client.plain('MAIL')} {parameter}")) is codes.Sense.ACCEPTED:
                taken.append(parameter)
            client.quit()
    if not taken:
        raise Skipped("not announced: an extension with a parameter that is taken")
    return taken


@pytest.mark.judges("mail.param-case")
@pytest.mark.places(2)
@pytest.mark.parametrize("letters", ["lower", "mixed"])
def test_param_case(case: Case, letters: str) -> None:
    """The name of a parameter that is taken in capitals is taken in any letters."""
    for parameter in taken_alone(case):
        name, equals, value = parameter.partition("=")
        spelled = name.lower() if letters == "lower" else case.words.mixed_case(name)
        client = case.client("ehlo")
        client.expect_as_plain(f"{client.plain('MAIL')} {spelled}{equals}{value}")
        client.quit()


@pytest.mark.judges("mail.param-all", control={"order": "none"})
@pytest.mark.places(2)
@pytest.mark.parametrize("order", ["forth", "back"])
def test_param_all(case: Case, order: str) -> None:
    """Parameters that are taken one by one are taken together, in whatever order."""
    parameters = taken_alone(case)
    client = case.client("ehlo")
    ordered = {"forth": parameters, "back": parameters[::-1], "none": []}[order]
    client.expect_as_plain(" ".join([client.plain("MAIL"), *ordered]))


@pytest.mark.judges("mail.no-shell")
@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
def test_no_shell(case: Case, verb: str) -> None:
    """A command in a local part, or a path, is refused or is a mere name: nothing runs, and no file is made."""
    if not case.tester.launched or not isinstance(case.server.store, Maildir):
        raise Skipped("only of a server that the suite starts")
    canaries = {form: Canary(Path(case.server.store.directory)) for form in HIDDEN}
    for form, canary in canaries.items():
        for local_part in spellings(form, canary):
            offer(case, verb, local_part)
    ran = first_found(canaries, RUNS_WITHIN)
    case.expect(not ran, case.main, f"{ran}: what an address hides has run", "a mere name", "a file that it made")


def offer(case: Case, verb: str, local_part: str) -> None:
    """Send a message from a local part, or to it, as far as the server goes along."""
    client = case.client("ehlo")
    sender = f"{local_part}@{case.sender_domain}" if verb == "MAIL" else case.sender
    recipient = f"{local_part}@{case.domain}" if verb == "RCPT" else case.recipient
    for line in (f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "DATA"):
        if codes.refused(client.say(line)):
            break
    else:
        client.content(client.message().data)
    client.quit()
