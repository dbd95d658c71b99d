"""DSN: the parameters of MAIL and RCPT that ask for notifications, and the notifications that come of them."""

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.rfc5321 import codes
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.message import Message
from conformance.rfc5321.scene import shown

SOON = 5.0
"""Seconds within which a notification of a delivery is to be seen."""
OF_256 = 40 * "a" + 8 * "+2B" + "@" + ".".join((61 * "d", 60 * "d", 60 * "d", "example"))
OF_440 = 64 * "+2B" + "@" + ".".join(4 * [61 * "d"])
"""Addresses in xtext of so many characters."""


def notifier(case: Case, state: str = "ehlo") -> Client:
    """A client that may ask for notifications.

    Raises:
        Skipped: DSN is not announced.
    """
    client = case.client(state, "DSN")
    return client


MAIL = {
    "FULL": "RET=FULL",
    "HDRS": "RET=HDRS",
    "lower": "RET=full",
    "mixed": "RET=Hdrs",
    "ENVID": "ENVID=conformance",
    "xtext": "ENVID=a+3Db+2Bc",
    "ENVID of 100": f"ENVID={100 * 'e'}",
    "both": "RET=HDRS ENVID=conformance",
}


@pytest.mark.judges("dsn.mail", control={"form": "none"})
@pytest.mark.parametrize("form", MAIL)
def test_mail(case: Case, form: str) -> None:
    """MAIL with valid RET and ENVID is answered as it is without them."""
    client = notifier(case)
    given = f" {MAIL[form]}" if form in MAIL else ""
    client.expect_as_plain(client.plain("MAIL") + given, "" if given else "mail.250")


RCPT = {
    "NEVER": "NOTIFY=NEVER",
    "SUCCESS": "NOTIFY=SUCCESS",
    "FAILURE": "NOTIFY=FAILURE",
    "DELAY": "NOTIFY=DELAY",
    "all": "NOTIFY=SUCCESS,FAILURE,DELAY",
    "lower": "NOTIFY=never",
    "mixed": "NOTIFY=Delay,failure",
    "ORCPT": "ORCPT=rfc822;other+2Bmore@conformance.example",
    "ORCPT of 256": f"ORCPT=rfc822;{OF_256}",
    "both": "NOTIFY=FAILURE ORCPT=rfc822;other@conformance.example",
}


@pytest.mark.judges("dsn.rcpt", control={"form": "none"})
@pytest.mark.parametrize("form", RCPT)
def test_rcpt(case: Case, form: str) -> None:
    """RCPT with valid NOTIFY and ORCPT is answered as it is without them."""
    client = notifier(case, "mail")
    given = f" {RCPT[form]}" if form in RCPT else ""
    client.expect_as_plain(client.plain("RCPT") + given, "" if given else "rcpt.250")


@pytest.mark.judges("dsn.rcpt")
def test_rcpt_long(case: Case) -> None:
    """An ORCPT of more than 400 characters, and there may be 500, does not change the answer to RCPT either."""
    client = notifier(case, "mail")
    reply = client.say(f"{client.plain('RCPT')} ORCPT=rfc822;{OF_440}")
    if reply.code.startswith("5"):
        case.warn("an ORCPT of 440 characters is refused", "taken, as RCPT without it", reply.text, about=[client])


BAD_MAIL = {"unknown RET": "RET=BODY", "no xtext": "ENVID=a+zz", "RET twice": "RET=HDRS RET=HDRS"}


@pytest.mark.judges("dsn.mail-bad")
@pytest.mark.parametrize("form", BAD_MAIL)
def test_mail_bad(case: Case, form: str) -> None:
    """MAIL with a bad RET or ENVID is answered 501."""
    client = notifier(case)
    client.expect_code(f"{client.plain('MAIL')} {BAD_MAIL[form]}", "501")


BAD_RCPT = {
    "NEVER and more": "NOTIFY=NEVER,SUCCESS",
    "unknown NOTIFY": "NOTIFY=X",
    "ORCPT without a type": "ORCPT=other@conformance.example",
    "NOTIFY twice": "NOTIFY=SUCCESS NOTIFY=FAILURE",
}


@pytest.mark.judges("dsn.rcpt-bad")
@pytest.mark.parametrize("form", BAD_RCPT)
def test_rcpt_bad(case: Case, form: str) -> None:
    """RCPT with a bad NOTIFY or ORCPT is answered 501."""
    client = notifier(case, "mail")
    client.expect_code(f"{client.plain('RCPT')} {BAD_RCPT[form]}", "501")


def send(case: Case, client: Client, sender: str, recipient: str, notify: str) -> Message:
    """Have a message taken, whose notifications go to the mailbox that can be read, if to any.

    Args:
        case, client: the scene, and who sends.
        sender: the reverse-path.
        recipient: the address that it is for.
        notify: the value of NOTIFY; nothing for none.

    Raises:
        Blocked, Skipped: it is not taken.
    """
    message = client.message().with_fields(("From", f"<{case.recipient}>"), without=["From"])
    client.expect_accepted(f"MAIL FROM:<{sender}> RET=HDRS ENVID={message.mark}", "dsn.mail")
    given = f" NOTIFY={notify} ORCPT=rfc822;{orcpt(message)}" if notify else ""
    reply = client.say(f"RCPT TO:<{recipient}>{given}")
    if not reply.code.startswith("2"):
        raise Skipped(f"no notification is due: {recipient} is answered {shown(reply)}")
    client.set_up("DATA")
    if codes.refused(client.content(message.data)):
        raise Skipped("no notification is due: the message is refused at its end")
    return message


def orcpt(message: Message) -> str:
    """The original recipient of a message, which no other has."""
    return f"other-{message.mark}@conformance.example"


@pytest.mark.clock(1.5)
@pytest.mark.judges("dsn.null")
def test_null(case: Case) -> None:
    """A null sender gets no notification of the delivery, even if NOTIFY asks for one."""
    assert case.domain and case.mail
    client = notifier(case)
    silent = send(case, client, "", case.recipient, "SUCCESS,FAILURE")
    told = send(case, client, case.recipient, case.recipient, "SUCCESS,FAILURE")
    case.delivered(told)
    if not case.notifications(told, SOON):
        raise Skipped("not seen: no notification comes of a delivery, with a sender either")
    if case.notifications(silent):
        raise client.breach("a notification of a message of the null sender", "none", f"one to {case.recipient}")


@pytest.mark.clock(1.5)
@pytest.mark.judges("dsn.never")
def test_never(case: Case) -> None:
    """With NOTIFY=NEVER no notification comes of a message that cannot be delivered."""
    assert case.domain and case.mail
    bad = case.bad_recipient
    client = notifier(case)
    silent = send(case, client, case.recipient, bad, "NEVER")
    told = send(case, client, case.recipient, bad, "")
    if not case.notifications(told, 3 * SOON):
        raise Skipped("not seen: no notification comes without NOTIFY either, which ndn.sent judges")
    if case.notifications(silent):
        raise client.breach("a notification in spite of NOTIFY=NEVER", "none", f"one to {case.recipient}")


@pytest.mark.clock(1.5)
@pytest.mark.judges("dsn.success")
def test_success(case: Case) -> None:
    """NOTIFY=SUCCESS brings a notification of the final delivery, with ENVID and ORCPT in it."""
    assert case.domain and case.mail
    if not case.is_final:
        raise Skipped("not final: what is read is not said to be the final delivery (--final)")
    client = notifier(case)
    message = send(case, client, case.recipient, case.recipient, "SUCCESS")
    case.delivered(message)
    found = case.notifications(message, SOON)
    if not found:
        case.note(f"no notification of the delivery within {SOON:g} s", about=[client])
        return
    text = found[0].raw.lower()
    has = {"ENVID": b"original-envelope-id:", "ORCPT": orcpt(message).encode()}
    told = [f"{name} {'in it' if sign in text else 'missing'}" for name, sign in has.items()]
    case.note(f"a notification of the delivery came, {', '.join(told)}", about=[client])
