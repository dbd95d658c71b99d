"""Where a segment begins or ends means nothing: bodies and lines cut everywhere, and as finely as TCP allows."""

from itertools import pairwise

import pytest

from conformance.cs4410.case import Case
from conformance.cs4410.client import Cut, whole

END = b".\r\n"
BODIES = {
    "ends-in-dots": b"This line ends in a dot.\r\nthis one in two..\r\n",
    "begins-with-dots": b".x\r\n..y\r\n",
    "dots-alone": b"..\r\n...\r\n",
    "dots-inside": b"a.b\r\nc. .d\r\n",
    "empty-lines": b"\r\nx.\r\n\r\n",
    "empty": b"",
}


def cut_at(*places: int) -> Cut:
    """Segments that begin at these places."""
    return lambda data: [data[begin:end] for begin, end in pairwise([0, *places, len(data)])]


def bytewise(data: bytes) -> list[bytes]:
    """Every byte a segment."""
    return [data[at : at + 1] for at in range(len(data))]


def borders(data: bytes) -> list[tuple[int, ...]]:
    """Every place beside a dot, CR or LF, and every two such places with nothing but these, and a dot, between them."""
    places = [at for at in range(1, len(data)) if {data[at - 1], data[at]} & set(END)]
    pairs = [(begin, end) for begin in places for end in places if is_dotted(data[begin:end])]
    return [*((place,) for place in places), *pairs]


def is_dotted(data: bytes) -> bool:
    """Whether there is a dot in it, and otherwise nothing but CR and LF."""
    return b"." in data and not set(data) - set(END)


@pytest.mark.long
@pytest.mark.judges("line.split", control={"cut": False})
@pytest.mark.parametrize("cut", [True], ids=["cut"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_body_cut_at_every_border(case: Case, body: bytes, cut: bool) -> None:
    """A body is cut beside every dot, CR and LF in turn: each time it is ended by its own end only, and is kept."""
    client = case.client("greeted")
    messages = []
    for places in case.soon(borders(body + END)):
        client.begin_message()
        messages.append(client.expect_delivered(body, cut=cut_at(*places) if cut else whole))
        client.expect_silence(seconds=0.005)
    for message in messages:
        case.inbox.expect_entry(message, "line.split")


@pytest.mark.long
@pytest.mark.judges("line.split", control={"cut": whole})
@pytest.mark.parametrize("cut", [bytewise], ids=["bytewise"])
@pytest.mark.parametrize("body", [b"A line that ends in a dot.\r\n.x..\r\n" * 60], ids=["long"])
def test_body_in_thousands_of_segments(case: Case, body: bytes, cut: Cut) -> None:
    """A body arrives in more than two thousand segments and is kept, because there may be any number of them."""
    message = case.client("body").expect_delivered(body, cut=cut)
    case.inbox.expect_entry(message, "line.split")
