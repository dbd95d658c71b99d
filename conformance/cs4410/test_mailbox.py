"""The mailbox and the numbers, as far as one client shows them."""

import pytest

from conformance.cs4410.case import Case
from conformance.cs4410.model import LONGEST_LINE


@pytest.mark.judges("mailbox.entry", "mailbox.soon", "netid")
def test_entry(case: Case) -> None:
    """A delivered message stands in the mailbox with its head, an empty line, its body and an empty line."""
    client = case.client("recipient")
    entry = case.inbox.expect_entry(client.deliver(case.words.body()), "mailbox.entry")
    why = "the entry's Received line names another server than the greeting"
    case.expect(client.netid in ("", entry.netid), "netid", why, f"by {client.netid}", f"by {entry.netid}")


@pytest.mark.judges("mailbox.entry", "mailbox.soon")
def test_entry_of_handout(case: Case) -> None:
    """The handout's own example stands in the mailbox as the handout shows it."""
    client = case.client()
    for line in ("HELO client", "MAIL FROM: student@CS4410", "RCPT TO: TA@CS4410"):
        client.set_up(line)
    body = b"I made an awesome submission!\r\nNetwork programming is fun.\r\n"
    case.inbox.expect_entry(client.deliver(body), "mailbox.entry")


@pytest.mark.judges("mailbox.prompt")
def test_entry_is_there_with_the_reply(case: Case) -> None:
    """The entry is in the file when the reply to the dot is read, because the reply says that it was delivered."""
    client = case.client("recipient")
    message = client.deliver(case.words.body())
    if not case.inbox.holds(message):
        case.inbox.entry(message)  # one that never comes is lost, not late
        why = "no entry yet when the reply had come"
        case.find_if_judged("mailbox.prompt", why, f"entry {message.number}", "later", [client])


@pytest.mark.judges("case.arguments")
def test_names_keep_their_case(case: Case) -> None:
    """Host and addresses stand in the mailbox in the case in which they were given."""
    client = case.client()
    for line in (
        "HELO MixedCase.Example",
        "MAIL FROM: MixedCase@Sender.Example",
        "RCPT TO: MixedCase@Recipient.Example",
    ):
        client.set_up(line)
    case.inbox.expect_entry(client.deliver(case.words.body()), "case.arguments")


@pytest.mark.judges("line.length", control={"length": 60})
@pytest.mark.parametrize("length", [300, LONGEST_LINE])
def test_long_names_are_kept(case: Case, length: int) -> None:
    """Host and addresses of lines of this many bytes stand whole in the mailbox, because they were served."""
    client = case.client()
    for line in ("HELO ", "MAIL FROM: sender@", "RCPT TO: recipient@"):
        client.set_up(line.ljust(length - 10, "a") + ".example")
    case.inbox.expect_entry(client.deliver(case.words.body()), "line.length")


@pytest.mark.judges("space.spaces")
def test_spaces_are_not_kept(case: Case) -> None:
    """Spaces around host and addresses are no part of them."""
    client = case.client()
    for line in (
        "  HELO   client  ",
        "MAIL   FROM:   spaced@sender.example   ",
        "RCPT  TO:   spaced@recipient.example  ",
    ):
        client.set_up(line)
    case.inbox.expect_entry(client.deliver(case.words.body()), "space.spaces")


@pytest.mark.judges("rcpt.lines")
@pytest.mark.parametrize("count", [2, 3, 20])
def test_recipients(case: Case, count: int) -> None:
    """Each recipient has a To line in one entry with one number."""
    client = case.client("sender")
    for _ in range(count):
        client.set_up(case.words.fill("RCPT TO: {token}@example.org"))
    case.inbox.expect_entry(client.deliver(case.words.body()), "rcpt.lines")


@pytest.mark.judges("rcpt.order")
def test_order_of_recipients(case: Case) -> None:
    """The To lines stand in the order in which the recipients were given."""
    client = case.client("sender")
    for name in ("mike", "alfa", "zulu", "kilo"):
        client.set_up(f"RCPT TO: {name}@example.org")
    message = client.deliver(case.words.body())
    shown = case.inbox.expect_entry(message, "rcpt.lines").recipients
    if [one.strip("<>").lower() for one in shown] != list(message.recipients):
        case.find_if_judged(
            "rcpt.order", "the To lines stand in another order", "\n".join(message.recipients), "\n".join(shown)
        )


@pytest.mark.judges("helo.first-stays", control={"again": False})
@pytest.mark.parametrize("again", [True], ids=["second-HELO"])
def test_first_host_stays(case: Case, again: bool) -> None:
    """After a refused second HELO the message comes from the first host."""
    client = case.client("greeted")
    if again:
        client.provoke_error("HELO second.host")
    client.set_up(case.words.fill("MAIL FROM: {address}"))
    client.set_up(case.words.fill("RCPT TO: {address}"))
    case.inbox.expect_entry(client.deliver(case.words.body()), "helo.first-stays")


@pytest.mark.judges("mail.first-stays", control={"again": False})
@pytest.mark.parametrize("again", [True], ids=["second-MAIL"])
def test_first_sender_stays(case: Case, again: bool) -> None:
    """After a refused second MAIL FROM the message comes from the first sender."""
    client = case.client("sender")
    if again:
        client.provoke_error("MAIL FROM: second@sender.example")
    client.set_up(case.words.fill("RCPT TO: {address}"))
    case.inbox.expect_entry(client.deliver(case.words.body()), "mail.first-stays")


@pytest.mark.judges("recipient.not-kept", control={"bad": False})
@pytest.mark.parametrize("bad", [True], ids=["refused"])
def test_refused_recipient_is_not_kept(case: Case, bad: bool) -> None:
    """A refused recipient has no To line."""
    client = case.client("recipient")
    if bad:
        client.provoke_error("RCPT TO: refused recipient")
    case.inbox.expect_entry(client.deliver(case.words.body()), "recipient.not-kept")


@pytest.mark.judges("recipient.not-kept", control={"bad": False})
@pytest.mark.parametrize("bad", [True], ids=["refused"])
def test_refused_recipient_is_no_recipient(case: Case, bad: bool) -> None:
    """After only a refused recipient DATA is out of order, because there is none."""
    client = case.client("sender")
    if bad:
        client.provoke_error("RCPT TO: refused recipient")
    client.expect("DATA")


@pytest.mark.judges("order.no-trace", control={"early": False})
@pytest.mark.parametrize("early", [True], ids=["early-RCPT"])
def test_early_recipient_is_not_kept(case: Case, early: bool) -> None:
    """A recipient that came before the sender has no To line."""
    client = case.client("greeted")
    if early:
        client.provoke_error("RCPT TO: early@recipient.example")
    client.set_up(case.words.fill("MAIL FROM: {address}"))
    client.set_up(case.words.fill("RCPT TO: {address}"))
    case.inbox.expect_entry(client.deliver(case.words.body()), "order.no-trace")


@pytest.mark.judges("order.no-trace", control={"early": ""})
@pytest.mark.parametrize(
    ("state", "early", "late"),
    [
        ("connected", "MAIL FROM: early@sender.example", "HELO client"),
        ("greeted", "RCPT TO: early@recipient.example", "MAIL FROM: right@sender.example"),
    ],
    ids=["MAIL", "RCPT"],
)
def test_early_command_is_still_needed(case: Case, state: str, early: str, late: str) -> None:
    """A command that came too early is needed again, because nothing is kept of it."""
    client = case.client(state)
    if early:
        client.provoke_error(early)
    client.set_up(late)
    client.expect("RCPT TO: right@recipient.example" if state == "connected" else "DATA")


@pytest.mark.judges("numbers")
def test_numbers_follow_in_a_session(case: Case) -> None:
    """Two messages of one session have numbers that follow each other."""
    client = case.client("recipient")
    with case.counting():
        first = client.deliver(case.words.body())
        client.set_up(case.words.fill("MAIL FROM: {address}"))
        client.set_up(case.words.fill("RCPT TO: {address}"))
        second = client.deliver(case.words.body())
    case.inbox.expect_next(first, second, "numbers")


@pytest.mark.judges("numbers")
def test_numbers_follow_over_sessions(case: Case) -> None:
    """Messages of two sessions have numbers that follow each other, because numbers belong to the server."""
    with case.counting():
        first = case.client("recipient").deliver(case.words.body())
        second = case.client("recipient").deliver(case.words.body())
    case.inbox.expect_next(first, second, "numbers")


@pytest.mark.judges("numbers")
def test_recipients_take_one_number(case: Case) -> None:
    """A message with several recipients takes one number."""
    with case.counting():
        first = case.client("recipients").deliver(case.words.body())
        second = case.client("recipient").deliver(case.words.body())
    case.inbox.expect_next(first, second, "numbers")


@pytest.mark.judges("numbers.file", "mailbox.whole")
def test_numbers_stand_in_order(case: Case) -> None:
    """The entries of the whole mailbox stand in the order of their numbers, each once."""
    with case.counting():
        case.client("recipient").deliver(case.words.body())
        case.inbox.expect_order("numbers.file")


LEAVES = {
    "after-MAIL": ("sender", b""),
    "after-RCPT": ("recipient", b""),
    "after-DATA": ("body", b""),
    "inside-body": ("body", b"unfinished\r\n"),
    "inside-line": ("body", b"unfinished"),
    "before-dot": ("body", b"unfinished\r\n."),
    "inside-end": ("body", b"unfinished\r\n.\r"),
}


@pytest.mark.judges("mailbox.no-trace")
@pytest.mark.parametrize("leave", ["close", "reset", "half_close"])
@pytest.mark.parametrize("where", LEAVES)
def test_abandoned_message(case: Case, where: str, leave: str) -> None:
    """A client leaves in the middle of a message: it is not delivered and takes no number."""
    state, sent = LEAVES[where]
    case.inbox.expect_no_number_between(lambda: case.abandon(state, sent, leave), "mailbox.no-trace")
