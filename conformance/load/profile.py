"""The seam: what a profile brings to the load, for the load itself knows no protocol.

It says what a client says next and which answers are right (`Dialogue`), what was acknowledged (`Delivery`), and what
is stored (`Store`). How a session stands is the profile's own: here it is only compared.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from conformance.history import Whose
from conformance.load.secure import Secure

TIMED_OUT = ("silent", "dripping", "wrong")
"""How clients come to be timed out: they say nothing, never end a line, say nothing right."""


class Rules(NamedTuple):
    """The requirements by what breaks them.

    Attributes:
        alive: the server is there, and answers somebody.
        greeting: a connection is greeted.
        one_reply: a line gets one reply, of one line.
        line_end: a reply ends in CRLF.
        whole_line: a line is answered when it is complete, however it was cut.
        half_closed: what came before a half-close is answered.
        early: no time-out comes before the limit.
        timeout: a time-out comes.
        timeout_reply: a time-out is told.
        timeout_close: a time-out ends the connection.
        undisturbed: a connection is not closed for what others do.
        served_at_once: so many are served at once.
        freed: a client that left frees its place.
        numbers: numbers are given once, in order, without gaps.
        order: entries stand in the order of their numbers.
        whole: entries are neither lost nor doubled nor changed.
        no_trace: what was never ended is not delivered.
        readable: what is stored can be read.
        secure: a TLS session comes about where it is offered.
        refused: what was refused is not delivered; as `no_trace` if none is named.
        lost, doubled, stray: what was acknowledged is there, there once, and nowhere else; as `whole` if none is named.
    """

    alive: str
    greeting: str
    one_reply: str
    line_end: str
    whole_line: str
    half_closed: str
    early: str
    timeout: str
    timeout_reply: str
    timeout_close: str
    undisturbed: str
    served_at_once: str
    freed: str
    numbers: str
    order: str
    whole: str
    no_trace: str
    readable: str
    secure: str = ""
    refused: str = ""
    lost: str = ""
    doubled: str = ""
    stray: str = ""


class Limits(NamedTuple):
    """How long is waited, in seconds, and how much is borne.

    Attributes:
        time: after so long without a valid line a session is timed out.
        late: by so much a server may be later than it should with what the clock bids it do.
        timeout: a time-out has come by then.
        reply: there is no reply that comes later.
        greeting: there is no greeting that comes later.
        errors: how many errors a server has to bear in a session; after more it may hang up on one.
        ungreeted: how many connections may wait for their greeting at a time.
        least: how long a run lasts at the least, so that time-outs fit.
        assemble: so long those who are greeted first wait for the others.
        settle: after so long without a line's end what came of it is taken as a line.
        at_once: so many have to be served at once, if any is; all that come, if it is None.
    """

    time: float
    late: float
    timeout: float
    reply: float
    greeting: float
    errors: int
    ungreeted: int
    least: float = 0.0
    assemble: float = 4.0
    settle: float = 1.0
    at_once: int | None = None


class Step(NamedTuple):
    """What is owed one reply.

    Attributes:
        line: the line without its end, or nothing.
        data: the bytes that are sent.
        after: how the session stands afterwards, or None where that depends on a liberty of the server's.
        kept: what of it the server has to keep.
        delivers: whether it ends a message, so that the server may have delivered it even if its reply is lost.
        shown: what a log has in place of the data, where nobody may read those; empty where it has them.
    """

    line: bytes
    data: bytes
    after: Hashable | None = None
    kept: bytes = b""
    delivers: bool = False
    shown: bytes = b""


class Move(NamedTuple):
    """What a client does next.

    Attributes:
        steps: what is owed a reply; empty where the client leaves in the middle of something. Where there are several
            pieces there is one step.
        pieces: the segments that are sent, with a pause between them.
        leave: `close`, `reset` or `half-close` after it; empty to stay.
    """

    steps: tuple[Step, ...]
    pieces: tuple[bytes, ...]
    leave: str = ""


class Delivery(NamedTuple):
    """An acknowledged message: the number that it was given, and a checksum of what must be stored, of 32 bits."""

    number: int
    fingerprint: int


class Breach(NamedTuple):
    """What is wrong: the requirement, what happened, what should have come, what did."""

    rule: str
    what: str
    wanted: str = ""
    actual: bytes = b""


class Verdict(NamedTuple):
    """What is to be said of one reply.

    Attributes:
        owed: the kind of reply that was owed.
        kind: the kind that came; empty where none of the acceptable ones did.
        after: how the session stands now, or None where nobody can say.
        rule: the requirement that judges it.
        wrong: what is wrong with it, empty if nothing is.
        wanted: what would have been right, for a reader.
        error: whether it is an error.
        accepted: whether it is none, so that the server's clock may have started anew.
        restarts: whether it has.
        delivery: what it acknowledges.
        also: what else is wrong, and no matter of this kind of reply.
        over: whether the session ends with it, as it may.
        secures: whether TLS begins behind it.
    """

    owed: str
    kind: str
    after: Hashable | None
    rule: str
    wrong: str
    wanted: str
    error: bool = False
    accepted: bool = False
    restarts: bool = False
    delivery: Delivery | None = None
    also: Breach | None = None
    over: bool = False
    secures: bool = False


class Dialogue(Protocol):
    """One client's side of its conversations, one after the other.

    What is said follows from the seed, the client, and where the replies lead.
    """

    @property
    def state(self) -> Hashable:
        """How the session stands."""

    @property
    def stage(self) -> int:
        """How near the session is to a delivery: 0 when it was greeted, `Profile.stages` - 1 within a message."""

    def begin(self, greeting: bytes) -> Verdict:
        """Begin a session: judge its greeting, which comes without its last line end, as do all replies."""

    def next(self) -> Move:
        """Draw the next move."""

    def right(self) -> Step:
        """Draw a step that takes the session on."""

    def wrong(self) -> Step:
        """Draw a deviation."""

    def part(self) -> bytes:
        """The beginning of a message that will never be ended."""

    def owed(self, step: Step) -> str:
        """The kind of reply that a step is owed first of all."""

    def judge(self, step: Step, reply: bytes) -> Verdict:
        """Judge the reply to a step; the session goes on with it."""

    def timed_out(self, reply: bytes) -> Verdict:
        """Judge the words of a time-out."""


class Entry(NamedTuple):
    """One stored message, as `history.Stored` has it.

    Attributes:
        number: its number, or -1.
        content: its fingerprint.
        whose: what it says of its sender.
        raw: the whole entry, for a reader.
        faults: what is wrong with it even if it is what was sent.
    """

    number: int
    content: int
    whose: Whose
    raw: bytes
    faults: tuple[Breach, ...] = ()


class Store(Protocol):
    """Where the server keeps messages."""

    def settle(self) -> None:
        """Wait until nothing changes any more, or that has taken too long."""

    def entries(self) -> Iterator[Entry]:
        """Read entry by entry.

        Raises:
            Unreadable: it is not there or cannot be read.
        """

    def name(self, number: int) -> str:
        """What a reader is told of a message that is not there."""


class Unreadable(Exception):
    """What is stored cannot be read; the message is one line."""


class Nowhere(Unreadable):
    """There is no store where one might have been; what is to be done is in the message."""


class Profile(Protocol):
    """What the load is about.

    Attributes:
        name: which edition of the words is spoken.
        rules: the requirements.
        limits: how long is waited.
        kinds: the kinds of reply in the order of a session, and their names for a reader; `timeout_kind` are some.
        forward: those of them that take a session on.
        stages: how many stages a session has.
        timeout: what a time-out begins with, which no other reply does; empty where no time-out is judged.
        farewell: what a reply begins with that may come unasked, and ends a session; empty if there is none.
        many_lines: whether a reply may have several lines.
        secured: whether TLS begins before all else.
        numbered: whether the server gives numbers to what is delivered; otherwise they are the client's own.
        roots: requirements that, broken, explain all else, what comes first before what follows from it.
    """

    name: str
    rules: Rules
    limits: Limits
    kinds: Mapping[str, str]
    forward: Sequence[str]
    stages: int
    timeout: bytes
    farewell: bytes
    many_lines: bool
    secured: bool
    numbered: bool
    roots: Sequence[str]

    def goes_on(self, line: bytes) -> bool:
        """Whether a line says that more of its reply follows."""

    def secure(self) -> Secure:
        """A TLS session that has not begun; asked for where `secured` or a verdict says that one begins."""

    def dialogue(self, client: int, talks: bool) -> Dialogue:
        """What a client says.

        Args:
            client: its number among those of its sort, from 0.
            talks: whether it talks by itself, `Dialogue.next`, or only takes steps that it is asked for.
        """

    def take(self) -> list[list[int]]:
        """What a worker has written down beside numbers, as plain data, and forgets now."""

    def enter(self, taken: Iterable[Sequence[int]]) -> None:
        """Take in what `take` gave in another process."""


def timeout_kind(profile: Profile, how: str) -> str:
    """The kind of a time-out, which says how the client came by it, one of `TIMED_OUT`."""
    return f"{profile.timeout.decode()} {how}"
