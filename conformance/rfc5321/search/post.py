"""The messages of one conversation: what the server took must be in its store as it was sent, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from conformance.harness.vocabulary import Vocabulary
from conformance.rfc5321 import envelope
from conformance.rfc5321.message import CRLF, Message, compose
from conformance.rfc5321.model import States
from conformance.rfc5321.saying import Said
from conformance.stores.compare import same_body
from conformance.stores.message import Stored

LONG = 900
"""Octets of a line that is long in this sense."""
_LINE = re.compile(r"line (\d{1,9})(?:, octet (\d{1,9}))?")


@dataclass(frozen=True)
class Differs:
    """What is wrong with the mail that was delivered.

    Attributes:
        what: `missing`, `unwanted`, `dots`, `long`, `text`, `sender`, `more recipients` or `fewer recipients`.
        step: the place of the step that ended the message.
    """

    what: str
    reason: str
    expected: str
    actual: str
    step: int


@dataclass(eq=False)
class Draft:
    """A message on its way.

    Attributes:
        message: its text as far as it was sent.
        chunked: it comes by BDAT.
        step: the place of the step that ended it, or of the latest that added to it.
        envelopes: who it may be from, and for whom, as far as replies tell.
        fate: `sent` (nobody knows), `taken`, `refused`, or `lost`: it must not arrive.
        vague: what belongs to it is not known for sure.
    """

    message: Message
    chunked: bool = False
    step: int = 0
    envelopes: frozenset[tuple[str, tuple[str, ...]]] = frozenset()
    fate: str = "lost"
    vague: bool = False

    def add(self, octets: bytes, step: int) -> None:
        """Add octets of its text."""
        self.message = replace(self.message, body=self.message.body + octets)
        self.step = step


@dataclass
class Post:
    """All messages of one conversation.

    Args:
        words: what headers are made of.
        sender: for headers.

    Attributes:
        drafts: all of them, in order.
        senders, recipients: all paths that were said in MAIL and in RCPT, the latter as `envelope.spelled` spells them.
    """

    words: Vocabulary
    sender: str
    drafts: list[Draft] = field(default_factory=list)
    senders: set[str] = field(default_factory=set)
    recipients: set[str] = field(default_factory=set)

    def hears_of(self, said: Said) -> None:
        """Remember the paths that a command names."""
        if said.verb == "MAIL":
            self.senders.add(said.path)
        elif said.verb == "RCPT":
            self.recipients.add(envelope.spelled(said.path))

    def begin(self, text: bytes, step: int, chunked: bool = False) -> Draft:
        """A message with a header and a mark of its own."""
        message = replace(compose(self.words, self.sender, ""), body=text)
        self.drafts.append(Draft(message, chunked, step))
        return self.drafts[-1]

    def answered(self, draft: Draft, taken: bool, states: States) -> None:
        """Write down what became of a message.

        Args:
            draft: it.
            taken: whether the server took it.
            states: in which the session may have been before its end was answered.
        """
        draft.fate = "sent" if draft.vague else "taken" if taken else "refused"
        draft.envelopes = frozenset((state.sender or "", state.recipients) for state in states if state.recipients)

    @property
    def taken(self) -> list[Draft]:
        """The messages that have to be in the store."""
        return [draft for draft in self.drafts if draft.fate == "taken" and draft.envelopes]

    @property
    def unwanted(self) -> list[Draft]:
        """The messages that must not be there."""
        return [draft for draft in self.drafts if draft.fate in ("lost", "refused")]


def chunk_begin(draft: Draft) -> bytes:
    """What stands before the first chunk's own octets: the header and its empty line."""
    return draft.message.header + CRLF


def differs(draft: Draft, copies: Sequence[Stored], post: Post, apart: frozenset[str]) -> Differs | None:
    """Compare a message that was taken with its copies in the store.

    Args:
        draft: as it was sent.
        copies: what has its mark, one or more.
        post: all messages of the conversation, whose senders and recipients it must not have.
        apart: addresses for which copies of their own were seen beside others'.
    """
    sent = draft.message.body
    for copy in copies:
        if difference := same_body(sent, copy.body):
            what = _kind(sent, difference)
            return Differs(what, "the text of a message is not what was sent", "as sent", difference, draft.step)
    if len(draft.envelopes) != 1:
        return None
    ((sender, recipients),) = draft.envelopes
    strange = post.senders - {sender}
    for copy in copies:
        found = envelope.reverse_path(copy)
        if found is not None and found != sender and found in strange:
            why = "the sender of a message is that of another transaction"
            return Differs("sender", why, f"<{sender}>", f"<{found}>", draft.step)
    wanted = set(map(envelope.spelled, recipients))
    found_paths = envelope.forward_paths(copies)
    if more := sorted(found_paths & (post.recipients - wanted)):
        why = "a recipient of another transaction gets the message"
        return Differs("more recipients", why, ", ".join(sorted(wanted)), more[0], draft.step)
    if found_paths and (fewer := sorted((wanted & apart) - found_paths)):
        why = "a recipient does not get the message"
        return Differs("fewer recipients", why, fewer[0], ", ".join(sorted(found_paths)), draft.step)
    return None


def _kind(sent: bytes, difference: str) -> str:
    """What is special in the line in which a text first differs."""
    found = _LINE.search(difference)
    lines = sent.split(CRLF)
    at, octet = (int(found[1]) - 1, int(found[2] or 1)) if found else (0, 1)
    line = lines[at] if at < len(lines) else b""
    # A dot too many or too few shows at the dots, or at the end of a line that is nothing else.
    cut = 2 < octet < len(line) - 1
    if line.startswith(b".") and not (cut and len(line) >= LONG):
        return "dots"
    return "long" if len(line) >= LONG else "text"
