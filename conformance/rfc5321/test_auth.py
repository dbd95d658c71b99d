"""AUTH: the exchange of a login, and what it must refuse."""

import binascii
import ipaddress
from base64 import b64decode
from collections.abc import Callable

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.harness.wire.reply import Reply
from conformance.rfc5321 import codes
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.exchange import CHALLENGING, SOMEBODY, challenged, known, respond, stranger
from conformance.rfc5321.login import encoded, plain_response
from conformance.rfc5321.scene import shown

FOR_NOW = (codes.Sense.TEMPORARY, codes.Sense.LEAVING)


@pytest.mark.judges("auth.keyword")
def test_keyword(case: Case) -> None:
    """AUTH is announced with the names of mechanisms, one at least."""
    client = stranger(case)
    if not client.mechanisms:
        raise client.breach("AUTH without a mechanism", "AUTH and names", "AUTH")


def by_plain(client: Client, user: str, password: str, name: str) -> Reply:
    """Log in with an initial response."""
    client.send_secret(f"AUTH {name} {plain_response(user, password)}", f"AUTH {name} [credentials]")
    return client.hear()


def by_plain_later(client: Client, user: str, password: str, name: str) -> Reply:
    """Log in with a response to an empty challenge."""
    challenged(client, f"AUTH {name}")
    return respond(client, plain_response(user, password))


def by_login(client: Client, user: str, password: str, name: str) -> Reply:
    """Log in with a response to each of two challenges."""
    challenged(client, f"AUTH {name}")
    challenged(client, encoded(user))
    return respond(client, encoded(password))


FORMS: dict[str, tuple[str, Callable[[Client, str, str, str], Reply]]] = {
    "PLAIN and response": ("PLAIN", by_plain),
    "PLAIN, then response": ("PLAIN", by_plain_later),
    "plain and response": ("plain", by_plain),
    "LOGIN": ("LOGIN", by_login),
    "LoGiN": ("LoGiN", by_login),
}


@pytest.mark.judges("auth.235")
@pytest.mark.parametrize("form", FORMS)
def test_235(case: Case, form: str) -> None:
    """The right user and password are answered 235."""
    user, (name, log_in) = known(case), FORMS[form]
    client = stranger(case, name.upper())
    expect_235(client, log_in(client, user, case.tester.password, name), f"by {form}")


def expect_235(client: Client, reply: Reply, how: str) -> None:
    """Judge the answer to the right user and password.

    Raises:
        Broken: it is not 235.
        Skipped: they are refused for now.
    """
    if codes.sense(reply) in FOR_NOW:
        raise Skipped(f"{codes.sense(reply).value}: a login is answered {shown(reply)}")
    if reply.code != "235":
        raise client.breach(f"the right login, {how}", "235", reply.text)


def said(reply: Reply) -> str | None:
    """What a challenge says; None if it is not base64."""
    try:
        return b64decode(reply.lines[0].text, validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        return None


@pytest.mark.judges("auth.334")
@pytest.mark.parametrize("mechanism", CHALLENGING)
def test_334(case: Case, mechanism: str) -> None:
    """A challenge is a 334, a space, and base64 alone."""
    client = stranger(case, mechanism)
    for line in (f"AUTH {mechanism}", encoded(SOMEBODY))[: 2 if mechanism == "LOGIN" else 1]:
        reply = challenged(client, line)
        if len(reply.lines) > 1 or said(reply) is None:
            raise client.breach("more than base64 in a challenge", "334 and base64", reply.text)
        if reply.raw.rstrip(b"\r\n") == b"334":
            case.warn("an empty challenge without its space", "334 and a space", reply.text, about=[client])
    client.say("*")


WRONG: dict[str, Callable[[str, str], tuple[str, str]]] = {
    "an empty password": lambda user, password: (plain_response(user, ""), ""),
    "a letter more": lambda user, password: (plain_response(user, f"{password}x"), f"{password}x"),
    "a letter less": lambda user, password: (plain_response(user, password[:-1]), password[:-1]),
    "a password in the other letter case": lambda user, password: (
        plain_response(user, password.swapcase()),
        password.swapcase(),
    ),
    "an empty user": lambda user, password: (plain_response("", password), password),
    "a NUL too few": lambda user, password: (encoded(f"{user}\0{password}"), password),
}
"""Responses of PLAIN that are nearly right, and what of them nobody may read."""


def expect_failed(client: Client, what: str) -> Reply | None:
    """Judge that a login fails; None where the server closes instead, which is not judged here.

    Raises:
        Broken: it succeeds.
    """
    reply = client.hear_or_end()
    if reply and reply.code == "334":
        reply = client.say("*")
    if reply and not codes.refused(reply):
        raise client.breach(f"{what} succeeds", "535", reply.text, "auth.wrong")
    return reply


@pytest.mark.judges("auth.wrong")
@pytest.mark.parametrize("wrong", WRONG)
def test_wrong(case: Case, wrong: str) -> None:
    """A login that is nearly right is not answered 235."""
    user, password = known(case), case.tester.password
    response, secret = WRONG[wrong](user, password)
    if response == plain_response(user, password):
        raise Skipped("the password has no letters")
    client = stranger(case, "PLAIN")
    case.may_fail_to_log_in()
    case.conceal(secret)
    client.send_secret(f"AUTH PLAIN {response}", "AUTH PLAIN [credentials]")
    expect_failed(client, f"a login with {wrong}")


@pytest.mark.judges("auth.wrong")
def test_external(case: Case) -> None:
    """EXTERNAL does not let a client in that has shown no certificate."""
    client = stranger(case)
    client.send(f"AUTH EXTERNAL {encoded(case.tester.user or SOMEBODY)}\r\n".encode())
    expect_failed(client, "EXTERNAL without a certificate")


def outlasts_failure(case: Case, client: Client, user: str) -> bool:
    """Whether the session goes on behind a login with a wrong password, which is judged to fail."""
    case.may_fail_to_log_in()
    client.send_secret(f"AUTH PLAIN {plain_response(user, case.words.token(12))}", "AUTH PLAIN [wrong]")
    reply = expect_failed(client, "a login with a wrong password")
    if reply and reply.code != "421":
        client.send(b"NOOP\r\n")
        reply = client.hear_or_end()
    return reply is not None and reply.code != "421"


@pytest.mark.judges("auth.three", "auth.wrong")
def test_three(case: Case) -> None:
    """The first two logins that fail, with a wrong password, do not end the session."""
    user, client = known(case), stranger(case, "PLAIN")
    for place in ("first", "second"):
        if not outlasts_failure(case, client, user):
            raise client.breach(f"the {place} login that fails ends the session", "it goes on", "a close")


@pytest.mark.judges("auth.235", control={"failed": 0})
@pytest.mark.parametrize("failed", [1], ids=["one"])
def test_after_failed(case: Case, failed: int) -> None:
    """A login that failed does not stand in the way of the next one, with the right password, in the same session."""
    user, client = known(case), stranger(case, "PLAIN")
    for _ in range(failed):
        if not outlasts_failure(case, client, user):
            raise Skipped("closes: the session ends with the first login that fails")
    expect_235(client, by_plain(client, user, case.tester.password, "PLAIN"), "after one that failed")


@pytest.mark.judges("auth.unknown")
def test_unknown(case: Case) -> None:
    """A mechanism that the server does not have is refused."""
    stranger(case).expect_refused("AUTH XCONFORMANCE")


@pytest.mark.judges("auth.cancel")
@pytest.mark.parametrize("mechanism", CHALLENGING)
def test_cancel(case: Case, mechanism: str) -> None:
    """A lone `*` in place of a response is answered 501."""
    client = stranger(case, mechanism)
    challenged(client, f"AUTH {mechanism}")
    client.expect_always("*", "501")


NO_BASE64 = ("!!", "=AAA", "AAA=BBB")


@pytest.mark.judges("auth.base64")
@pytest.mark.parametrize("initial", [False, True], ids=["response", "initial"])
@pytest.mark.parametrize("text", NO_BASE64)
def test_base64(case: Case, text: str, initial: bool) -> None:
    """What is not base64 is refused, with 501, and the session goes on."""
    client = stranger(case, "PLAIN")
    if not initial:
        challenged(client, "AUTH PLAIN")
    client.send(f"{'AUTH PLAIN ' * initial}{text}\r\n".encode())
    reply = client.hear_or_end()
    if reply and reply.code == "421":
        reply = None
    if reply is None or not codes.refused(reply):
        came = reply.text if reply else "the connection is closed"
        raise client.breach(f"`{text}` is not refused", "501", came)
    client.expect_always("NOOP", "250")
    if reply.code != "501":
        case.warn(f"`{text}` is refused with another code", "501", reply.text, about=[client])


@pytest.mark.judges("auth.no-initial")
def test_no_initial(case: Case) -> None:
    """An initial response is refused, with 501, where the server speaks first."""
    client = stranger(case, "CRAM-MD5")
    reply = client.expect_refused(f"AUTH CRAM-MD5 {encoded(SOMEBODY)}")
    if reply.code != "501":
        case.warn("an initial response is refused with another code", "501", reply.text, about=[client])


@pytest.mark.judges("auth.long")
def test_long(case: Case) -> None:
    """A response of 1,024 octets is a login that fails, neither too long a line nor a reason to close."""
    client = stranger(case, "PLAIN")
    case.may_fail_to_log_in()
    challenged(client, "AUTH PLAIN")
    client.send(encoded("\0".join(letter * 255 for letter in "abc")).encode() + b"\r\n")
    reply = client.hear_or_end()
    if reply is None or reply.code in ("421", "500") or not codes.refused(reply):
        came = reply.text if reply else "the connection is closed"
        raise client.breach("a response of 1,024 octets", "535", came)


PROMPTS = ("username:", "password:")


@pytest.mark.judges("auth.login-name")
@pytest.mark.parametrize("initial", [False, True], ids=["asked for", "at once"])
def test_login_name(case: Case, initial: bool) -> None:
    """LOGIN asks for the password once it has the user, who may be given at once, unless that is refused with 501."""
    client = stranger(case, "LOGIN")
    lines = [f"AUTH LOGIN {encoded(SOMEBODY)}"] if initial else ["AUTH LOGIN", encoded(SOMEBODY)]
    for line, usual in zip(lines, PROMPTS[-len(lines) :], strict=True):
        reply = client.say(line)
        if initial and reply.code == "501":
            return
        if reply.code != "334":
            raise client.breach("LOGIN does not ask", "334, or 501 to a user at once", reply.text)
        prompt = (said(reply) or "").lower()
        if initial and prompt == PROMPTS[0]:
            raise client.breach("LOGIN asks for the user whom it has", "334 that asks for the password", reply.text)
        if prompt != usual:
            case.note(f"another prompt than {usual}: {prompt or reply.text.strip()}", about=[client])
    client.say("*")


@pytest.mark.judges("auth.clear")
def test_clear(case: Case) -> None:
    """PLAIN and LOGIN are neither offered nor taken without TLS, to a client from elsewhere."""
    client = case.client("clear")
    if client.wire.session:
        raise Skipped("not in clear: TLS comes first")
    offered = [one for one in ("PLAIN", "LOGIN") if one in client.mechanisms]
    taken = [one for one in ("PLAIN", "LOGIN") if not offered and client.say(f"AUTH {one}").code == "334"]
    if not offered + taken:
        return
    what = f"{' and '.join(offered or taken)} without TLS"
    if not ipaddress.ip_address(client.wire.own_address).is_global:
        case.note(f"{what}, for a client of the same machine or network", about=[client])
        return
    raise client.breach(what, "neither offered nor taken", "offered" if offered else "taken")
