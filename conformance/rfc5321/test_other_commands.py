"""RSET, NOOP, VRFY, EXPN, HELP, QUIT, and commands of old."""

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.harness.wire.reply import Reply
from conformance.rfc5321 import codes, mailboxes
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.scene import shown


@pytest.mark.judges("rset.250")
@pytest.mark.parametrize("state", ["ehlo", "mail", "rcpt", "delivered"])
def test_rset(case: Case, state: str) -> None:
    """RSET is answered 250 wherever the session stands, and the server stays."""
    client = case.client(state)
    client.expect_always("RSET", "250")
    if client.left_within(0.05):
        raise client.breach("the server closes the connection after RSET", "it stays", "closed")


@pytest.mark.judges("rset.clears", control={"state": "ehlo"})
@pytest.mark.parametrize("state", ["mail", "rcpt"])
def test_rset_clears(case: Case, state: str) -> None:
    """After RSET there is no sender any more: RCPT is refused, and DATA too."""
    client = case.client(state)
    client.set_up("RSET")
    client.expect_refused(client.plain("RCPT"))
    client.expect_no_data()


@pytest.mark.judges("rset.clears", control={"state": "ehlo"})
@pytest.mark.parametrize("state", ["rcpt"])
def test_rset_clears_recipients(case: Case, state: str) -> None:
    """After RSET there are no recipients any more: DATA is refused, though a new sender has been given."""
    client = case.client(state)
    client.set_up("RSET")
    client.set_up(client.plain("MAIL"))
    client.expect_no_data()


@pytest.mark.judges("rset.keeps-ehlo", control={"reset": False})
@pytest.mark.parametrize("extended", [False, True], ids=["plain", "extended"])
@pytest.mark.parametrize("reset", [True], ids=["reset"])
def test_rset_keeps_ehlo(case: Case, reset: bool, extended: bool) -> None:
    """After RSET a sender is taken without a new EHLO, and so is a parameter that EHLO has announced."""
    client = case.client()
    known = {"8BITMIME": " BODY=8BITMIME", "SIZE": " SIZE=500"}
    parameter = next((known[keyword] for keyword in known if keyword in client.keywords), "")
    if extended and not parameter:
        raise Skipped("not announced: neither 8BITMIME nor SIZE")
    if reset:
        client.set_up("RSET")
    client.expect_accepted(client.plain("MAIL") + (parameter if extended else ""))


@pytest.mark.judges("noop.250")
def test_noop(case: Case) -> None:
    """NOOP is answered 250."""
    case.client().expect_always("NOOP", "250")


@pytest.mark.judges("noop.word", control={"line": "NOOP"})
@pytest.mark.parametrize("line", ["NOOP word"])
def test_noop_word(case: Case, line: str) -> None:
    """NOOP with a word behind it, which means nothing, is answered 250 as well."""
    case.client().expect_always(line, "250")


@pytest.mark.judges("vrfy.known")
def test_vrfy(case: Case) -> None:
    """VRFY of the recipient is answered as a command that the server knows, with 252 where nothing is told."""
    client = case.client()
    reply = client.say(f"VRFY {case.recipient}")
    if reply.code == "501":  # by the grammar its argument is an atom or a quoted string, and an address is neither
        reply = client.say(f'VRFY "{case.recipient}"')
    if reply.code.startswith("4"):
        return
    if reply.code not in ("250", "251", "252", "550", "551", "553"):
        if codes.sense(reply) is codes.Sense.POLICY:
            raise Skipped(f"refused by policy: VRFY is answered {shown(reply)}")
        raise client.breach("VRFY is not known", "250, 251, 252, 550, 551, 553 or 4yz", reply.text)


@pytest.mark.judges("vrfy.honest")
def test_vrfy_honest(case: Case) -> None:
    """VRFY of an invented user at a domain that the server does not serve is not said to be right with a 250."""
    client = case.client()
    nobody = f"{case.words.token(12)}@unserved.example"
    reply = client.say(f"VRFY {nobody}")
    if reply.code != "250":
        return
    client.set_up(client.plain("MAIL"))
    if client.say(f"RCPT TO:<{nobody}>").code.startswith("2"):
        case.warn("VRFY verifies whatever it is asked, as RCPT takes it", "251, 252, 4yz or 5yz", reply.text)
        return
    raise client.breach("VRFY says that a mailbox is right that there is not", "251, 252, 4yz or 5yz", reply.text)


def _verified(case: Case, client: Client) -> Reply:
    reply = client.say(f"VRFY {case.recipient}")
    if reply.code not in ("250", "251"):
        raise Skipped(f"nothing is verified: VRFY is answered {reply.code}")
    return reply


@pytest.mark.judges("vrfy.mailbox")
def test_vrfy_mailbox(case: Case) -> None:
    """VRFY's 250 or 251 tells the mailbox, in `<` and `>`."""
    client = case.client()
    reply = _verified(case, client)
    found = [one for line in reply.lines for one in mailboxes.told(line.text)]
    if not found or not found[0].bracketed:
        raise client.breach("no mailbox in brackets is told", "<user@domain>", reply.text)


@pytest.mark.judges("vrfy.usable")
def test_vrfy_usable(case: Case) -> None:
    """The mailbox that VRFY tells has no source route, and RCPT to it is written well."""
    client = case.client()
    reply = _verified(case, client)
    found = [one for line in reply.lines for one in mailboxes.told(line.text)]
    if not found:
        raise Skipped("no mailbox is told")
    if found[0].route:
        raise client.breach("a source route in what VRFY tells", "a mailbox", reply.text)
    client.set_up(client.plain("MAIL"))
    answer = client.say(f"RCPT TO:<{found[0].mailbox}>")
    if codes.sense(answer) is codes.Sense.SYNTAX:
        raise client.breach("RCPT to what VRFY tells is a syntax error", "no 500, 501, 502, 504, 555", answer.text)


def _expect_announced(case: Case, client: Client, verb: str, reply: Reply) -> None:
    if not client.hello or case.learned.get("hello") == "HELO":
        raise Skipped("no EHLO: nothing can be announced")
    if verb not in client.keywords:
        raise client.breach(f"{verb} works, and EHLO did not announce it", f"250-{verb} in EHLO's reply", reply.text)


@pytest.mark.judges("expn.listed")
def test_expn_listed(case: Case) -> None:
    """A server that answers EXPN with 250 has announced it."""
    client = case.client()
    for address in dict.fromkeys((case.tester.mailing_list or case.recipient, case.recipient.partition("@")[0])):
        reply = client.say(f"EXPN {address}")
        if reply.code == "250":
            _expect_announced(case, client, "EXPN", reply)


@pytest.mark.judges("expn.off")
def test_expn_off(case: Case) -> None:
    """EXPN may be switched off in many ways; which one is reported."""
    client = case.client()
    reply = client.say(f"EXPN {case.tester.mailing_list or case.recipient}")
    case.note(f"EXPN is answered {reply.code}", about=[client])


@pytest.mark.judges("expn.form")
def test_expn_form(case: Case) -> None:
    """EXPN of a list is answered with one mailbox a line, and none without."""
    if not case.tester.mailing_list:
        raise Skipped("not given: name --mailing-list")
    client = case.client()
    reply = client.say(f"EXPN {case.tester.mailing_list}")
    if reply.code != "250":
        raise Skipped(f"nothing is expanded: EXPN is answered {shown(reply)}")
    for line in reply.lines:
        if len(mailboxes.told(line.text)) != 1:
            raise client.breach("a line of EXPN's reply that does not name one mailbox", "250 <user@domain>", line.text)


@pytest.mark.judges("help.211")
def test_help(case: Case) -> None:
    """HELP is answered 211 or 214."""
    case.client().expect_code("HELP", "211", "214")


@pytest.mark.judges("quit.221")
@pytest.mark.parametrize("state", ["greeted", "ehlo", "mail", "rcpt", "delivered", "error"])
def test_quit(case: Case, state: str) -> None:
    """QUIT is answered 221 wherever the session stands."""
    client = case.client("ehlo" if state == "error" else state)
    if state == "error":
        client.say("XFROB")
        client.set_up("NOOP")  # a server that has closed after the error breaks another rule
    client.expect_always("QUIT", "221")


@pytest.mark.judges("quit.closes")
@pytest.mark.parametrize("state", ["ehlo", "rcpt"])
def test_quit_closes(case: Case, state: str) -> None:
    """After QUIT's reply the server closes the connection."""
    client = case.client(state)
    client.send(b"QUIT\r\n")
    client.hear_or_end()
    if not client.left_within(10.0):
        raise client.breach("the connection stays after QUIT", "closed within 10 s", "still open")


@pytest.mark.judges("quit.aborts")
def test_quit_aborts(case: Case) -> None:
    """QUIT after RCPT gives the transaction up: nothing is delivered from this sender, who writes to nobody else."""
    client = case.client()
    message = client.message()
    client.set_up(f"MAIL FROM:<{message.mark}@{case.sender_domain}>")
    client.set_up(client.plain("RCPT"))
    client.quit()
    if not case.never_arrives(message):
        raise client.breach("something is delivered, though the client left with QUIT before DATA", "no mail", "mail")


@pytest.mark.judges("old.send")
@pytest.mark.parametrize("verb", ["SEND", "SOML", "SAML"])
def test_old_send(case: Case, verb: str) -> None:
    """A server that takes a command of old that sends to terminals has announced it."""
    client = case.client()
    reply = client.say(f"{verb} FROM:<{case.sender}>")
    if reply.code.startswith("2"):
        _expect_announced(case, client, verb, reply)


@pytest.mark.judges("old.turn")
def test_old_turn(case: Case) -> None:
    """TURN from a client that the server does not know is refused, or others would be given its mail."""
    case.client().expect_refused("TURN")
