"""Every command, right and wrong, in every state: what the replies say and in what order commands come."""

import pytest

from conformance.cs4410.case import Case
from conformance.cs4410.lines import AWKWARD_ADDRESSES, AWKWARD_HOSTS, LINES, ODD_HOSTS, RIGHT
from conformance.cs4410.model import WORD_RULES, State, acceptable, sentence
from conformance.harness.vocabulary import Vocabulary

MODEL = {
    "connected": State(),
    "greeted": State("host"),
    "sender": State("host", "sender"),
    "recipient": State("host", "sender", ("one",)),
    "recipients": State("host", "sender", ("one", "two", "three")),
}


def judged(state: str, line: str) -> tuple[str, ...]:
    """The requirements that judge a kind of line in a state, by the model itself."""
    text = Vocabulary(0, "").fill(LINES[line])
    answer = acceptable(MODEL[state], text.encode())[0]
    words = WORD_RULES.get(answer.kind) if answer.exact else None
    return (answer.rule, words) if words else (answer.rule,)


TABLE = [(state, line) for state in MODEL for line in (RIGHT if state == "recipients" else LINES)]


NATURAL = {"HELO": "connected", "MAIL": "greeted", "RCPT": "sender", "DATA": "recipient"}


def marks(state: str, line: str) -> pytest.MarkDecorator:
    """What a place of the table judges; its control is the state in which nothing but the line itself can be wrong.

    Where a verb ends is free, so that a line at its border may be an unknown command, and fail as all of these do.
    """
    natural = NATURAL.get(line[:4], "greeted")
    control = None if state == natural else {"state": natural}
    if judged(state, line)[0] == "syntax.boundary":
        control = {"line": "unknown"}
    title = sentence(MODEL[state], LINES[line])
    return pytest.mark.judges(*judged(state, line), control=control, title=title)


@pytest.mark.parametrize(
    ("state", "line"),
    [pytest.param(state, line, marks=marks(state, line), id=f"{state}-{line}") for state, line in TABLE],
)
def test_reply(case: Case, state: str, line: str) -> None:
    """In this state this line gets the reply that the handout has for it."""
    case.client(state).expect(case.words.fill(LINES[line]))


@pytest.mark.judges("after.forgets", control={"state": "greeted"})
@pytest.mark.parametrize("state", ["delivered"])
@pytest.mark.parametrize("line", [line for line in LINES if not line.startswith(("HELO", "MAIL"))])
def test_reply_after_message(case: Case, state: str, line: str) -> None:
    """After a message the session is as after HELO, because its sender and recipients are forgotten."""
    case.client(state).expect(case.words.fill(LINES[line]))


@pytest.mark.judges("helo.once", control={"state": "greeted"})
@pytest.mark.parametrize("state", ["delivered"])
@pytest.mark.parametrize("line", ["HELO"])
def test_helo_after_message(case: Case, state: str, line: str) -> None:
    """After a message a HELO is a second one, because the first carries over."""
    case.client(state).expect(case.words.fill(LINES[line]))


@pytest.mark.judges("helo.once", "after.forgets")
def test_next_message_needs_no_helo(case: Case) -> None:
    """After a message MAIL FROM is accepted: HELO carries over, and the last sender does not."""
    client = case.client("delivered")
    reply = client.try_line(case.words.fill("MAIL FROM: {address}"))
    if not reply.startswith("2"):
        # By another client, since the refusal may have ended the session.
        forgot = case.client("delivered").try_line(case.words.fill("HELO {host}")).startswith("2")
        case.expect(not forgot, "helo.once", "HELO is asked for again", "250", reply)
        case.expect(False, "after.forgets", "MAIL FROM is refused after a message", "250", reply)


@pytest.mark.judges("helo.hosts", control={"host": "example"})
@pytest.mark.parametrize("host", AWKWARD_HOSTS.values(), ids=AWKWARD_HOSTS)
def test_host_is_accepted(case: Case, host: str) -> None:
    """A name of letters, digits, dots and hyphens is a host name."""
    case.client().expect(f"HELO {host}")


@pytest.mark.judges("helo.printable", control={"host": "example"})
@pytest.mark.parametrize("host", ODD_HOSTS.values(), ids=ODD_HOSTS)
def test_printable_host_is_accepted(case: Case, host: str) -> None:
    """Any printable token is accepted as a host name, because only white space is ruled out."""
    case.client().expect(f"HELO {host}")


@pytest.mark.judges("address.characters", control={"address": "someone@example.org"})
@pytest.mark.parametrize("command", ["MAIL FROM", "RCPT TO"])
@pytest.mark.parametrize("address", AWKWARD_ADDRESSES.values(), ids=AWKWARD_ADDRESSES)
def test_address_is_accepted(case: Case, address: str, command: str) -> None:
    """Consecutive printable characters are a valid address, whatever they are."""
    case.client("greeted" if command == "MAIL FROM" else "sender").expect(f"{command}: {address}")


UNPRINTABLE = {
    "control": b"a\x01b@example.org",
    "delete": b"a\x7fb",
    "8-bit": b"a\xe9b@example.org",
    "utf-8": b"\xc3\xa9",
    "VT-inside": b"a\x0bb@example.org",
    "FF-at-end": b"a@example.org\x0c",
    "FS-before": b"\x1ca@example.org",
    "NEL-at-end": b"a@example.org\x85",
    "no-break-space-before": b"\xa0a@example.org",
    "wide-space-inside": "a\u3000b@example.org".encode(),
}


@pytest.mark.judges("address.unprintable", control={"address": b"two words"})
@pytest.mark.parametrize("command", [b"MAIL FROM: ", b"RCPT TO: "], ids=["MAIL", "RCPT"])
@pytest.mark.parametrize("address", UNPRINTABLE.values(), ids=UNPRINTABLE)
def test_unprintable_address_is_refused(case: Case, address: bytes, command: bytes) -> None:
    """An address with a control character or a byte over 126 is refused, because it is not printable ASCII."""
    case.client("greeted" if command.startswith(b"MAIL") else "sender").expect(command + address)


BAD = {
    "two-words": "student CS4410",
    "space-before-at": "student @CS4410",
    "space-after-at": "student@ CS4410",
    "many-spaces": "a    b",
    "three-words": "a b c",
    "bracketed": "<student CS4410>",
    "parameter": "student@CS4410 SIZE=100",
    "mixed-case": "Student AT CS4410",
}


@pytest.mark.judges("sender.refused")
@pytest.mark.parametrize("address", BAD.values(), ids=BAD)
def test_bad_sender(case: Case, address: str) -> None:
    """A sender with white space inside is refused, and the reply shows it as it was sent."""
    case.client("greeted").expect(f"MAIL FROM: {address}")


@pytest.mark.judges("recipient.refused")
@pytest.mark.parametrize("address", BAD.values(), ids=BAD)
def test_bad_recipient(case: Case, address: str) -> None:
    """A recipient with white space inside is refused, and the reply shows it as it was sent."""
    case.client("sender").expect(f"RCPT TO: {address}")


@pytest.mark.judges("rcpt")
def test_many_recipients(case: Case) -> None:
    """A message may have many recipients, because RCPT TO may come as often as wanted."""
    client = case.client("sender")
    for _ in range(30):
        client.expect(case.words.fill("RCPT TO: {address}"))


@pytest.mark.judges("unknown.rfc")
@pytest.mark.parametrize("verb", ["EHLO", "QUIT", "NOOP", "RSET", "HELP", "VRFY", "EXPN"])
def test_command_of_the_standard(case: Case, verb: str) -> None:
    """Whether a server serves a command of the standard that the handout does not name is observed."""
    reply = case.client("greeted").try_line(f"{verb} x" if verb in ("EHLO", "VRFY", "EXPN") else verb)
    if reply.startswith("2"):
        case.note(f"{verb} is served")
