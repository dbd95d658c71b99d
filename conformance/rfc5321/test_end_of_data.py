"""The end of data: how it may be cut, and all that resembles it and must not be taken for it."""

from collections.abc import Callable

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.rfc5321 import codes, ends
from conformance.rfc5321.case import Case
from conformance.rfc5321.ends import END, FALSE, OF_CR, QUIET, SOON
from conformance.rfc5321.link import bytewise, whole


def cut_at(place: int) -> Callable[[bytes], list[bytes]]:
    """Cut so many bytes before the end."""
    return lambda data: [data[:-place], data[-place:]]


def last_bytewise(data: bytes) -> list[bytes]:
    """Cut before each of the last bytes."""
    return [data[:-30], *bytewise(data[-30:])]


CUTS = {
    "whole": whole,
    "before it": cut_at(5),
    "after its first CR": cut_at(4),
    "before its dot": cut_at(3),
    "after its dot": cut_at(2),
    "before its last LF": cut_at(1),
    "byte by byte": last_bytewise,
}


@pytest.mark.judges("data.eod", control={"cut": "whole"})
@pytest.mark.parametrize("cut", list(CUTS)[1:])
def test_end_in_segments(case: Case, cut: str) -> None:
    """CR LF . CR LF ends the data wherever it is cut into segments: it is answered, and the message is taken."""
    client = case.client("data")
    client.send_content(client.message().data, CUTS[cut])
    reply = ends.expect_end(case, client, f"CR LF . CR LF, cut {cut},")
    case.expect_taken(reply, f"a message, cut {cut},", [client])


NO_ENDS = {
    "a dot and a space": b". \r\n",
    "two dots": b"..\r\n",
    "a dot and a letter": b".x\r\n",
    "a dot and NUL": b".\r\0\n",
    "a dot at a line's end": b"x.\r\n",
    "a dot inside a line": b"x.x\r\n",
}


@pytest.mark.judges("data.eod-only", control={"line": ""})
@pytest.mark.parametrize("line", NO_ENDS)
def test_no_end(case: Case, line: str) -> None:
    """A line that only resembles a lone dot does not end the data: there is one reply, to the true end."""
    client = case.client("data")
    begin = client.message().content + NO_ENDS.get(line, b"")
    ends.expect_one_message(case, client, line, begin, b"text" + END, quiet=SOON)


@pytest.mark.judges("data.eod-first", control={"before": b"text\r\n"})
@pytest.mark.parametrize("before", [b""], ids=["nothing-before"])
def test_end_first(case: Case, before: bytes) -> None:
    """A dot right after the 354 ends the data, because the CR LF before it is that of DATA."""
    client = case.client("data")
    if before:
        client.send(before)
        client.hear_within(SOON)
    client.send_content(b".\r\n")
    ends.expect_end(case, client, "a dot right after the 354", "data.eod")


def send_false_end(case: Case, end: str) -> None:
    """Send a false end of data, wait, and send the true one: there is one message."""
    client = case.client("data")
    begin = client.message().content + b"text" + FALSE.get(end, b"")
    ends.expect_one_message(case, client, f"{end} in it", begin, b"text" + END)


@pytest.mark.clock(0.3)
@pytest.mark.judges("data.not-lf-lf", control={"end": ""})
@pytest.mark.parametrize("end", [ends.LF_LF])
def test_lf_lf(case: Case, end: str) -> None:
    """LF . LF does not end the data: no reply comes within 3 seconds, and one to the true end."""
    send_false_end(case, end)


@pytest.mark.clock(0.3)
@pytest.mark.judges("data.not-lf-crlf", control={"end": ""})
@pytest.mark.parametrize("end", [ends.LF_CRLF])
def test_lf_crlf(case: Case, end: str) -> None:
    """LF . CR LF does not end the data: no reply comes within 3 seconds, and one to the true end."""
    send_false_end(case, end)


@pytest.mark.clock(0.3)
@pytest.mark.judges("data.not-crlf-lf", control={"end": ""})
@pytest.mark.parametrize("end", [ends.CRLF_LF])
def test_crlf_lf(case: Case, end: str) -> None:
    """CR LF . LF does not end the data: no reply comes within 3 seconds, and one to the true end."""
    send_false_end(case, end)


@pytest.mark.clock(0.3)
@pytest.mark.judges("data.not-cr", control={"end": ""})
@pytest.mark.parametrize("end", OF_CR)
def test_cr(case: Case, end: str) -> None:
    """A dot beside a bare CR or NUL does not end the data: no reply comes within 3 seconds, and one to the true end."""
    send_false_end(case, end)


@pytest.mark.judges("data.smuggle", control={"more": False})
@pytest.mark.parametrize("end", FALSE)
@pytest.mark.parametrize("more", [True], ids=["more"])
def test_smuggle(case: Case, end: str, more: bool) -> None:
    """A second transaction behind a false end of data is text: there is one reply, or a refusal."""
    client = case.client("data")
    first, second = client.message(), client.message()
    if more:
        client.send_content(ends.hidden(client, first, FALSE[end], second))
        ends.expect_one_reply(case, client, f"a transaction behind {end}")
        return
    client.send_content(first.content + b"text" + FALSE[end])
    reply = client.hear_within(QUIET)
    if reply and not codes.refused(reply):
        raise case.breach(ends.ROWS.get(end, "data.not-cr"), f"{end} ends the data", "no reply", reply.text)


@pytest.mark.judges("data.smuggle-mail")
def test_smuggled_mail(case: Case) -> None:
    """No message arrives that was hidden behind a false end of data, as one of its own."""
    mail = case.mail
    sent = []
    for end in FALSE:
        client = case.client("data")
        first, second = client.message(), client.message()
        client.send_content(ends.hidden(client, first, FALSE[end], second))
        reply = client.hear_or_end()
        accepted = [reply, *client.farewell()] if reply and reply.code.startswith("2") else []
        if len([one for one in accepted if one.code == "250"]) < 2:  # more of them are for data.smuggle
            sent.append((end, first, second, client))
        client.quit()
    case.wait_for_later_mail()
    for end, first, second, client in sent:
        if any(first.mark.encode() not in one.octets for one in mail.find(second.mark.encode())):
            why = f"a message that was hidden behind {end} arrives"
            raise client.breach(why, "nothing, or a part of the first message", "a message of its own")


@pytest.mark.judges("data.relay-clean")
@pytest.mark.parametrize("end", ["LF.LF", "LF.CRLF", "CR.CR"])
def test_relay_clean(case: Case, end: str) -> None:
    """No bare LF or CR beside a dot leaves a relay: what is taken as text goes on with CR LF and a doubled dot."""
    if not case.mail.exact:
        raise Skipped("not given: a relay's sink, which keeps the bytes as they come")
    client = case.client("data")
    message = client.message()
    reply = client.content(message.content + b"text" + FALSE[end] + b"text" + END)
    if not reply.code.startswith("2"):
        raise Skipped(f"refused: a message with {end} is not taken")
    if bare := ends.bare_at_dot(case.delivered(message).octets):
        raise client.breach(f"{end} goes on as it came", "CR LF and a doubled dot", repr(bare)[1:])
