"""STARTTLS: the way into TLS, what a session forgets on it, and clear text that must not slip through."""

import ssl
import time

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.harness.wire import tls
from conformance.harness.wire.connection import WireError
from conformance.harness.wire.reply import Reply
from conformance.rfc5321 import codes
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.exchange import demanded, refusal
from conformance.rfc5321.link import CRLF, Cut, whole
from conformance.rfc5321.scene import shown
from conformance.rfc5321.tracing import own_field

SOON = 0.2
"""Seconds in which a server that answers clear text behind STARTTLS has done so."""
ENDS, AT_ONCE = 5.0, 1.0
"""Seconds in which a server ends a connection that is of no use any more, and after which it is asked whether it does.
"""
NO_TLS = "no TLS is demanded"
"""What is known of a server that does not insist on TLS, or of which that cannot be told: why."""


def clear(case: Case, state: str = "clear") -> Client:
    """A client that may say STARTTLS.

    Raises:
        Skipped: it is not announced.
    """
    client = case.client(state, "STARTTLS")
    return client


def inside(case: Case) -> Client:
    """A client inside TLS by STARTTLS, where it has said EHLO again."""
    client = clear(case)
    client.start_tls()
    client.set_up(client.plain("EHLO"))
    return client


def second_greeting(client: Client, greeting: Reply) -> Exception:
    """What to raise where one comes inside TLS."""
    return client.breach("a second greeting after the handshake", "nothing", greeting.text, "tls.reset")


@pytest.mark.judges("tls.220")
def test_220(case: Case) -> None:
    """STARTTLS is answered 220, and then a handshake succeeds."""
    client = clear(case)
    reply = client.say("STARTTLS")
    case.expect_accepted(reply, "STARTTLS", [client], also=("550", "554"))
    if reply.code != "220":
        raise client.breach("STARTTLS is accepted with another code", "220", reply.text)
    try:
        client.begin_tls()
    except Skipped as failed:
        raise client.breach("no handshake after the 220", "TLS", str(failed)) from None
    client.set_up(client.plain("EHLO"))


@pytest.mark.judges("tls.argument")
def test_argument(case: Case) -> None:
    """STARTTLS with an argument is answered 501."""
    client = clear(case)
    reply = client.say("STARTTLS x")
    if reply.code == "454":
        raise Skipped(f"refused for now: STARTTLS x is answered {shown(reply)}")
    if reply.code != "501":
        client.vanish()  # it may wait for a handshake now
        raise client.breach("STARTTLS with an argument", "501", reply.text)


@pytest.mark.judges("tls.reset", control={"first": "without TLS"})
@pytest.mark.parametrize("first", ["EHLO", "RCPT", "DATA"])
def test_reset(case: Case, first: str) -> None:
    """After the handshake there is no second greeting, no transaction, and EHLO is answered 250."""
    if first == "without TLS":
        client = case.client("ehlo")
        client.expect_refused(client.plain("RCPT"), "rcpt.before-mail")
        return
    client = clear(case)
    begun = first != "EHLO" and all(client.say(client.plain(verb)).code == "250" for verb in ("MAIL", "RCPT"))
    client.start_tls()
    if greeting := client.hear_within(SOON):
        raise second_greeting(client, greeting)
    if first == "EHLO":
        reply = client.say(client.plain("EHLO"))
        case.expect_accepted(reply, "EHLO after the handshake", [client])
        return
    if not begun:
        raise Skipped("refused by policy: mail before TLS, so that there is nothing to forget")
    if first == "RCPT":
        client.expect_refused(client.plain("RCPT"))
    else:
        client.expect_no_data()


@pytest.mark.judges("tls.forgets-name")
def test_forgets_name(case: Case) -> None:
    """A name that was said before the handshake is not in the trace field of mail that is sent after it."""
    old = "before-tls.conformance.example"
    client = case.client("greeted")
    client.hello = client.set_up(f"{case.learned.get('hello', 'EHLO')} {old}")
    client.start_tls()
    client.reach("ehlo")
    message = client.message()
    client.deliver(message)
    field = own_field(message, case.delivered(message))
    if field and old in field.value:
        raise client.breach("the name from before TLS is told", case.client_name, old)


@pytest.mark.judges("tls.forgets-name")
def test_forgets_hello(case: Case) -> None:
    """MAIL right after the handshake is answered as MAIL is that is the first command of a session."""
    mail = f"MAIL FROM:<{case.sender}>"
    client = clear(case)
    client.start_tls()
    inside = client.say(mail)
    if inside.code == "220":
        raise second_greeting(client, inside)
    first = case.client("greeted").say(mail)
    if case.needs_login or "530" in (first.code, inside.code):
        raise Skipped("refused by policy: MAIL needs TLS, or a login, first")
    if codes.refused(first) and not codes.refused(inside):
        raise client.breach("MAIL after the handshake without EHLO", f"{first.code}, as first of all", inside.text)


@pytest.mark.judges("tls.forgets-login")
def test_forgets_login(case: Case) -> None:
    """A login from before the handshake does not count after it."""
    if not case.tester.local:
        raise Skipped("not in clear: a password is not sent to another host that way")
    client = clear(case)
    client.log_in()
    client.start_tls()
    client.set_up(client.plain("EHLO"))
    client.needs("AUTH")
    if case.needs_login:
        demanded(case)
        if refusal(client) is None:
            raise client.breach("a login from before TLS counts inside", "530", "250")
    elif (reply := client.say(f"AUTH {client.mechanisms[0]}")).code == "503":
        raise client.breach("AUTH after the handshake is one too many", "a login", reply.text)
    elif reply.code == "334":
        client.say("*")


@pytest.mark.judges("tls.not-again")
def test_not_again(case: Case) -> None:
    """Inside TLS, STARTTLS is not announced."""
    client = inside(case)
    if "STARTTLS" in client.keywords:
        raise client.breach("STARTTLS is announced inside TLS", "not announced", " ".join(client.keywords))


@pytest.mark.judges("tls.twice")
def test_twice(case: Case) -> None:
    """Inside TLS, STARTTLS is refused."""
    inside(case).expect_refused("STARTTLS")


def transaction(client: Client) -> bytes:
    """The commands that begin one, in one go."""
    return b"".join(client.plain(verb).encode("latin-1") + CRLF for verb in ("EHLO", "MAIL", "RCPT"))


def starts(case: Case, client: Client, data: bytes, before: int = 0, cut: Cut = whole) -> bool:
    """Send STARTTLS and other things in clear, and shake hands if the server still wants to.

    Args:
        case, client: the scene, and who sends.
        data: what is sent.
        before: how many commands stand before it.
        cut: into segments.

    Returns:
        Whether TLS is on. A refusal and a close are right where a client sends too much.
    """
    client.send(data, cut)
    replies = [client.hear_or_end() for _ in range(before + 1)]
    if replies[-1] is None or replies[-1].code != "220":
        return False
    answer = Reply(client.wire.extra(SOON, usual=False), time.monotonic())  # or whatever comes in place of a handshake
    if cut is whole:  # in segments, chance says what is read together
        for code in dict.fromkeys(line.code for line in answer.lines if line.code):
            case.note(f"answered in clear before the handshake: {code}", about=[client])
    try:
        client.begin_tls()
    except Skipped:
        return False
    return True


def expect_nothing_more(client: Client) -> None:
    """Judge that nothing is answered inside TLS but QUIT; a second greeting is not meant.

    Raises:
        Broken: something is.
    """
    replies = [reply for reply in client.farewell() if reply.code not in ("220", "221", "421")]
    if replies:
        came = " ".join(reply.code for reply in replies)
        raise client.breach("a command that came in clear is answered inside TLS", "QUIT's reply alone", came)


def behind_command(data: bytes) -> tuple[bytes, bytes]:
    """Cut behind the first line."""
    at = data.index(CRLF) + len(CRLF)
    return data[:at], data[at:]


@pytest.mark.judges("tls.injection")
@pytest.mark.parametrize("cut", [whole, behind_command], ids=["one segment", "a segment of its own"])
@pytest.mark.parametrize("verb", ["NOOP", "EHLO"])
def test_injection(case: Case, verb: str, cut: Cut) -> None:
    """A command in clear behind STARTTLS is not answered inside TLS."""
    client = clear(case)
    if starts(case, client, b"STARTTLS\r\n" + client.plain(verb).encode() + CRLF, cut=cut):
        expect_nothing_more(client)


@pytest.mark.judges("tls.injection")
def test_injected_transaction(case: Case) -> None:
    """A transaction that came in clear behind STARTTLS, in its segment, is not remembered inside TLS."""
    client = clear(case)
    if starts(case, client, b"STARTTLS\r\n" + transaction(client)):
        client.expect_no_data()
        expect_nothing_more(client)


@pytest.mark.judges("tls.reset")
def test_reset_in_one_segment(case: Case) -> None:
    """A transaction that comes right before STARTTLS, in its segment, is gone after the handshake."""
    client = clear(case)
    if starts(case, client, transaction(client) + b"STARTTLS\r\n", before=3):
        client.expect_no_data()


@pytest.mark.judges("tls.injection")
def test_injection_split(case: Case) -> None:
    """The begin of a command in clear and its end inside TLS are not put together."""
    client = clear(case)
    if starts(case, client, b"STARTTLS\r\nNO"):
        reply = client.say("OP")
        if not codes.refused(reply):
            raise client.breach(
                "a command was put together of clear and encrypted text", "500", reply.text, codes.fault(reply)
            )


@pytest.mark.judges("tls.failed")
def test_failed(case: Case) -> None:
    """Rubbish in place of a handshake ends the connection, is not served as if TLS were on, and others are served."""
    client = clear(case)
    if (reply := client.say("STARTTLS")).code != "220":
        raise Skipped(f"refused: STARTTLS is answered {shown(reply)}")
    hello = client.plain("EHLO").encode() + CRLF
    client.send(hello * 3)
    answer = heard(client)
    if answer and answer.code.startswith("2"):
        raise client.breach("clear text is served after STARTTLS", "a close", answer.text)
    if not client.left_within(AT_ONCE):
        client.send(b"NOOP\r\n")
        later = heard(client)
        if not client.left_within(SOON):
            came = later.text if later else "it is open"
            raise client.breach("the connection goes on after a handshake that failed", "a close", came)
    other = case.client("greeted")
    other.set_up(other.plain("EHLO"))


def heard(client: Client) -> Reply | None:
    """What is answered where a handshake failed; what comes without end is no answer, and judged by `tls.220`."""
    try:
        return client.wire.reply(time.monotonic() + ENDS)
    except WireError:
        return None


@pytest.mark.judges("tls.not-needed")
def test_not_needed(case: Case) -> None:
    """A public server takes mail for its own domains without TLS."""
    if not case.tester.public:
        raise Skipped("only of a public server: --public")
    client = case.client("clear")
    for verb in ("MAIL", "RCPT"):
        reply = client.say(client.plain(verb))
        if reply.code == "530":
            raise client.breach(f"{verb} needs TLS, or a login", "2yz", reply.text)


NOT_JUDGED = ("HELO", "RSET", "HELP")
"""Commands that harm nobody where they are served all the same."""


def _why_not_judged(case: Case, mail: str) -> str:
    """Why it cannot be said whether a server insists on TLS; empty if it does."""
    demanded = clear(case).say(mail)
    if demanded.code != "530":
        return f"not demanded: MAIL in clear is answered {shown(demanded)}"
    if inside(case).say(mail).code == "530":
        return "not to be told: MAIL needs a login inside TLS, and a 530 in clear may mean that"
    return ""


@pytest.mark.judges("tls.530")
@pytest.mark.parametrize("line", ["MAIL", "RCPT", "DATA", "VRFY", *NOT_JUDGED])
def test_530(case: Case, line: str) -> None:
    """A server that insists on TLS answers 530 to all but NOOP, EHLO, STARTTLS and QUIT."""
    known = case.learned  # of a server that is looked at in clear, which insists on TLS, not much
    lines = {
        "MAIL": f"MAIL FROM:<{known.get('sender', '')}>",
        "RCPT": f"RCPT TO:<{known.get('recipient', 'Postmaster')}>",
        "VRFY": "VRFY Postmaster",
    }
    if why := case.patience.known.get(NO_TLS) or _why_not_judged(case, lines["MAIL"]):
        case.patience.known[NO_TLS] = why
        raise Skipped(why)
    client = clear(case)
    reply = client.say(client.plain("HELO") if line == "HELO" else lines.get(line, line))
    if line in NOT_JUDGED:
        if not codes.refused(reply):
            case.note(f"{line} is served without TLS: {reply.code}", about=[client])
    elif reply.code != "530" and (line in ("MAIL", "VRFY") or not codes.refused(reply)):
        raise client.breach(f"{line} without TLS", "530", reply.text)


@pytest.mark.judges("tls.version")
def test_version(case: Case) -> None:
    """TLS 1.2 or 1.3 can be had; whether older versions can, and what the certificate says, is noted."""
    client = case.client("greeted") if case.tester.tls == "implicit" else inside(case)
    assert client.wire.session
    version = client.wire.session.version
    if version not in ("TLSv1.2", "TLSv1.3"):
        raise client.breach("the best that can be had", "TLSv1.2 or TLSv1.3", version)
    if case.tester.tls == "implicit":
        return
    old = clear(case)
    if old.say("STARTTLS").code == "220":
        try:
            offered = old.begin_tls(at_most=ssl.TLSVersion.TLSv1_1).version
        except Skipped:
            return
        case.note(f"{offered} can be had as well", about=[old])


@pytest.mark.judges("tls.version")
def test_certificate(case: Case) -> None:
    """What a client that verifies certificates would say of this one is noted."""
    client = clear(case)
    if client.say("STARTTLS").code != "220":
        raise Skipped("not to be had now: STARTTLS")
    try:
        client.wire.start_tls(tls.context(verify=True), case.patient, case.tester.host or case.learned.get("name"))
    except tls.TLSFailed as failed:
        case.note(str(failed), about=[client])
