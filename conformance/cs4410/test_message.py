"""DATA, the body and its end, and what is left of a message afterwards."""

import pytest

from conformance.cs4410.case import Case
from conformance.cs4410.dialect import Fit
from conformance.cs4410.model import WORD_RULES


@pytest.mark.judges("data")
def test_data(case: Case) -> None:
    """DATA after a recipient is answered 354, and the words say how a body ends."""
    case.client("recipient").expect("DATA")


@pytest.mark.judges("delivered", "delivered.words")
def test_delivered(case: Case) -> None:
    """The dot after the body is answered with the number under which the message was delivered."""
    case.client("body").expect_delivered(case.words.body())


@pytest.mark.judges("delivered", "delivered.words")
def test_second_message_delivered(case: Case) -> None:
    """A second message in the same session is delivered like the first."""
    client = case.client("delivered")
    client.set_up("MAIL FROM: second@sender.example")
    client.set_up("RCPT TO: second@recipient.example")
    client.set_up("DATA")
    client.expect_delivered(case.words.body())


@pytest.mark.judges("end.empty", control={"body": b"text\r\n"})
@pytest.mark.parametrize("body", [b""], ids=["empty"])
def test_empty_body(case: Case, body: bytes) -> None:
    """A body may be empty: the dot is its first line, and ends it."""
    case.client("body").expect_delivered(body)


NO_END = {
    "dot-at-line-end": b"This line ends in a dot.\r\n",
    "two-dots": b"..\r\n",
    "three-dots": b"...\r\n",
    "dot-and-text": b".x\r\n",
    "dot-and-space": b". \r\n",
    "space-and-dot": b" .\r\n",
    "tab-and-dot": b"\t.\r\n",
    "dots-everywhere": b"a.b.c.\r\n.d.\r\n",
    "HELO": b"HELO inside.body\r\n",
    "MAIL": b"MAIL FROM: inside@body\r\n",
    "RCPT": b"RCPT TO: inside@body\r\n",
    "DATA": b"DATA\r\n",
    "QUIT": b"QUIT\r\n",
    "unknown": b"mkdir\r\n",
    "empty-lines": b"\r\n\r\n\r\n",
    "reply-like": b"250 OK: delivered message 1\r\n",
}
"""Lines of a body that a careless server takes for its end, or for commands."""


@pytest.mark.judges("end.dot", control={"lines": b"text\r\n"})
@pytest.mark.parametrize("lines", NO_END.values(), ids=NO_END)
def test_body_line_is_no_end(case: Case, lines: bytes) -> None:
    """Such lines are body and get no reply; only the lone dot ends it."""
    client = case.client("body")
    client.send(lines)
    client.expect_silence()
    client.expect_delivered(b"", end=b"last line\r\n.\r\n")
    client.expect_silence()


KEPT = {name: line for name, line in NO_END.items() if name not in ("empty-lines", "dot-and-space")}
"""Those of them of which nothing is white space at an end, which is the affair of `bytes`."""


def kept(name: str) -> pytest.MarkDecorator:
    """What such a line judges; its control is plain text, but for the white space before a dot, which stays."""
    plain = KEPT[name].replace(b".", b"-") if name in ("space-and-dot", "tab-and-dot") else b"text\r\n"
    return pytest.mark.judges("end.dot", control={"lines": plain})


@pytest.mark.parametrize("lines", [pytest.param(line, id=name, marks=kept(name)) for name, line in KEPT.items()])
def test_first_body_line_is_kept(case: Case, lines: bytes) -> None:
    """Such lines stand in the mailbox as part of the body, with what follows them."""
    message = case.client("body").expect_delivered(lines + b"last line\r\n")
    case.inbox.expect_entry(message, "end.dot")


@pytest.mark.judges("after.forgets")
def test_recipients_are_forgotten(case: Case) -> None:
    """The next message has only its own recipients, because no command but HELO persists."""
    client = case.client("delivered")
    client.set_up("MAIL FROM: second@sender.example")
    client.set_up("RCPT TO: second@recipient.example")
    case.inbox.expect_entry(client.deliver(case.words.body()), "after.forgets")


@pytest.mark.judges("after.forgets")
def test_body_is_forgotten(case: Case) -> None:
    """The next message has only its own body, even if that is empty."""
    client = case.client("delivered")
    client.set_up("MAIL FROM: second@sender.example")
    client.set_up("RCPT TO: second@recipient.example")
    case.inbox.expect_entry(client.deliver(b""), "after.forgets")


@pytest.mark.long
@pytest.mark.alone(fresh=False)
@pytest.mark.judges("session.long", control={"messages": 5})
@pytest.mark.parametrize("messages", [1000])
def test_a_thousand_messages_in_a_session(case: Case, messages: int) -> None:
    """Thousands of lines and a thousand messages in one session are served like the first."""
    client = case.client("greeted")
    for _ in case.soon(range(messages)):
        for line in ("MAIL FROM: {address}", "RCPT TO: {address}", "DATA"):
            client.expect(client.words.fill(line))
        client.expect_delivered(client.words.body(1))


@pytest.mark.long
@pytest.mark.alone(fresh=False)
@pytest.mark.judges("session.long", control={"recipients": 30})
@pytest.mark.parametrize("recipients", [1100])
def test_a_thousand_recipients_of_a_message(case: Case, recipients: int) -> None:
    """A message has more than a thousand recipients, each of whom is accepted like the first, and is delivered."""
    client = case.client("sender")
    for _ in case.soon(range(recipients)):
        client.expect(client.words.fill("RCPT TO: {address}"))
    client.expect("DATA")
    client.expect_delivered(client.words.body(1))


@pytest.mark.judges("mail.words", "rcpt.words")
def test_words_after_a_message(case: Case) -> None:
    """The sender and the recipients of a second message are accepted in the words of the first, to the letter."""
    client = case.client("delivered")
    for kind, line in (("mail", "MAIL FROM: {address}"), ("rcpt", "RCPT TO: {address}")):
        reply = client.set_up(case.words.fill(line))
        if case.dialect.fit(reply.text, kind, {}) == Fit.MUST:
            why, wanted = "not quite the words, in a second message", case.dialect.show(kind, {})
            case.find_if_judged(WORD_RULES[kind], why, wanted, reply.text, [client])


@pytest.mark.judges("after.forgets")
def test_third_message(case: Case) -> None:
    """Three messages in one session are three entries, each with its own names and body."""
    client = case.client("greeted")
    messages = []
    for _ in range(3):
        client.set_up(case.words.fill("MAIL FROM: {address}"))
        client.set_up(case.words.fill("RCPT TO: {address}"))
        messages.append(client.deliver(case.words.body()))
    for message in messages:
        case.inbox.expect_entry(message, "after.forgets")
