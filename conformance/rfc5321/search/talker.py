"""One client of a conversation: it takes its steps and has each reply judged by the model."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace

from conformance.harness.verdict.verdict import Broken, Skipped, Void
from conformance.harness.wire.connection import Closed, Silent, WireError
from conformance.harness.wire.reply import Reply
from conformance.rfc5321 import codes
from conformance.rfc5321.codes import Sense
from conformance.rfc5321.message import CRLF, DOT, stuffed
from conformance.rfc5321.model import GREETED, Phase, State, States, acceptable, plainest
from conformance.rfc5321.saying import Said
from conformance.rfc5321.search import words
from conformance.rfc5321.search.blame import Told, at_once
from conformance.rfc5321.search.conversation import ERRORS, Part, Step
from conformance.rfc5321.search.post import Draft, chunk_begin
from conformance.rfc5321.search.stage import Action, Astray, Stage

TAKEN = (Sense.ACCEPTED, Sense.INTERMEDIATE)
NOTICE = 0.05
"""Seconds that a server has to see that a client left, before others go on."""
GREETED_IN_TLS: States = frozenset({State(Phase.READY, extended=True)})
"""Where a session stands that the tester wants to begin with TLS, or a login."""


class Talker:
    """One client of a conversation, connected and greeted.

    Args:
        stage: what it shares with the others.
        number: which one it is.

    Attributes:
        states: in which its session may be.
        said_quit: whether it said QUIT, and was answered.

    Raises:
        Blocked, Skipped: as of `Client.open`, and of what the tester wants done before any mail.
    """

    def __init__(self, stage: Stage, number: int) -> None:
        self._stage, self._case, self._number = stage, stage.case, number
        self._client = stage.case.unconnected_client()
        self._draft: Draft | None = None
        self._chunk_refused = False
        self._note("connect")
        with stage.pace.waiting("greeting"):
            self._client.open()
        tester = stage.case.tester
        self.said_quit = False
        self._begun = tester.tls == "starttls" or bool(tester.user)
        if self._begun:
            self._client.reach("ehlo")
        self.states = GREETED_IN_TLS if self._begun else GREETED

    def say(self, step: Step) -> None:
        """Send a step's parts and judge what is answered.

        Raises:
            Broken: a reply is not acceptable.
            Astray: the session is over.
            Void: no reply came, and nobody can say why.
        """
        parts = list(step.parts)
        while parts:
            if not self._fits(parts[0]):
                parts.pop(0)
                continue
            extended = all(state.extended for state in self.states)
            count = len(parts) if step.together and extended else 1
            group, parts = parts[:count], parts[count:]
            self._exchange(group, "" if parts else step.cut)

    def depart(self, step: Step) -> None:
        """Send what a step has, but for what it omits, and leave without a word."""
        parts = [part for place, part in enumerate(step.parts) if place or self._fits(part)]
        data = b""
        for part in parts:
            data += self._octets(part)
            if part.last and self._draft:
                # Whether its end was taken is not heard.
                self._draft.fate = "lost" if step.omitted and part is parts[-1] else "sent"
                self._draft = None
        data = data[: len(data) - step.omitted]
        self._expect_no_more()
        if data:
            self._note("send", (data,))
            self._client.send(data)
        self._note("leave", how=step.leave)
        if step.leave == "reset":
            self._client.vanish(reset=True)
        else:
            self._client.wire.half_close()
            self._client.left_within(NOTICE)
            self._client.close()

    def goodbye(self) -> None:
        """Say QUIT, and see that nothing but its answer is left to read."""
        with suppress(Astray):
            if Phase.GONE not in {state.phase for state in self.states}:
                if self._in_text:
                    self._exchange([Part(text=words.text(0), last=True)])
                self._exchange([Part(b"QUIT")])

    def close(self) -> None:
        """Leave, however the session stands."""
        self._client.close()

    @property
    def _in_text(self) -> bool:
        return any(state.phase is Phase.TEXT for state in self.states)

    def _fits(self, part: Part) -> bool:
        """Whether a part still means what the plan meant, after the liberties that the server took."""
        if not part.line:
            return self._in_text
        said = self._said(part)
        if part.line == b"BDAT" and not all(state.extended for state in self.states):
            return False
        if self._begun and said.verb in ("EHLO", "HELO"):
            self._begun = False
            return False
        return not part.meant or any(plainest(state, said)[0] in TAKEN for state in self.states)

    def _said(self, part: Part) -> Said:
        if not part.line:
            strict = bool(self._case.learned.get("delivered"))
            return words.END if strict else words.LOOSE_END
        if part.line == b"BDAT":
            return words.LAST_CHUNK if part.last else words.CHUNK
        return self._stage.book.read(part.line)

    def _octets(self, part: Part) -> bytes:
        """A part as it goes over the wire; the mark of its message is a new one each time."""
        if not part.line:
            draft = self._draft = self._stage.post.begin(part.text, self._stage.at)
            return stuffed(chunk_begin(draft) + part.text) + DOT
        if part.line != b"BDAT":
            if part.line.upper() == b"RSET":
                self._draft = None
            elif self._draft and part.line[:4].upper() == b"MAIL":
                self._draft.vague = True  # for a chunk behind it may belong to either message
            return part.line + CRLF
        octets = part.text
        if self._draft:
            self._draft.add(octets, self._stage.at)
        else:
            self._draft = self._stage.post.begin(octets, self._stage.at, chunked=True)
            octets = chunk_begin(self._draft) + octets
        return b"BDAT %d%b\r\n" % (len(octets), b" LAST" * part.last) + octets

    def _exchange(self, parts: Sequence[Part], cut: str = "") -> None:
        self._expect_no_more()
        pending: list[tuple[Part, int, Draft | None]] = []
        data = b""
        for part in parts:
            octets = self._octets(part)
            data += octets
            pending.append((part, len(octets), self._draft))
            if part.last:
                self._draft = None
        pieces = words.cut(data, cut)
        self._note("send", tuple(pieces))
        ends = any(part.last for part in parts)
        if ends and not self._case.tester.local:
            self._case.pacing.wait("messages", self._case.tester.messages_per_minute / 60)
        with self._case.server.places.delivering() if ends else nullcontext():
            self._client.send(data, lambda _: pieces)
            for part, size, draft in pending:
                self._hear(part, size, draft, cut if len(pieces) > 1 else "", len(parts))
        if any(state.phase is Phase.TEXT and not state.recipients for state in self.states):
            self._end_at_once()
        if self._client.errors > ERRORS + 1:
            raise Astray

    def _end_at_once(self) -> None:
        """End the text of a message that has no recipient, with nothing sent."""
        self._note("send", (DOT,))
        self._client.send(DOT)
        self._hear(Part(last=True), len(DOT), None, "", 1)

    def _expect_no_more(self) -> None:
        if (extra := self._client.wire.extra(0.0)) and not extra.startswith(b"421"):
            self._too_many(extra.decode("latin-1"))

    def _too_many(self, shown: str) -> None:
        wanted = "one reply to each command, and one to the end of data"
        phases = frozenset(state.phase for state in self.states)
        self._stage.told.append(Told(self._number, self._stage.at, Said("unasked"), phases, None))
        raise Broken("reply.one", "a reply too many", wanted, shown)

    def _hear(self, part: Part, size: int, draft: Draft | None, cut: str, together: int) -> None:
        said, before = self._said(part), self.states
        self._stage.post.hears_of(said)
        phases = frozenset(state.phase for state in before)
        due = acceptable(before, said)
        may_end = self._chunk_refused or (part.line == b"BDAT" and not part.meant)
        code = "221" if said.verb == "QUIT" else ""
        self._note("end" if may_end else "hear", senses=tuple(due), code=code)
        told = Told(self._number, self._stage.at, said, phases, None, size, part.text, cut, together)
        self._stage.told.append(told)
        with self._stage.pace.waiting(said.verb):
            reply = self._reply(part, may_end)
        sense = codes.sense(reply)
        if sense is Sense.POLICY and codes.by_policy(reply) and said == words.END:
            due = acceptable(before, words.LOOSE_END)
        self._stage.told[-1] = told = replace(told, sense=sense)
        if said.verb == "QUIT" and sense is Sense.ACCEPTED and reply.code != "221":
            later = self._client.hear_within(self._case.patient)
            if later and later.code == "221":
                self._too_many(reply.text)
        if sense not in due:
            wanted = " or ".join(one.value for one in due if one is not Sense.LEAVING)
            raise Broken(at_once(told), f"{said.verb} is answered otherwise than RFC 5321 lets it", wanted, reply.text)
        self._go_on(said, sense, draft, due)

    def _go_on(self, said: Said, sense: Sense, draft: Draft | None, due: dict[Sense, States]) -> None:
        """Take in an acceptable answer."""
        before, self.states = self.states, due[sense]
        # Behind a chunk that it did not take a server may close.
        self._chunk_refused |= said.verb.startswith("BDAT") and sense not in TAKEN
        self.said_quit = said.verb == "QUIT"
        if said.verb in ("end of data", "BDAT LAST"):
            if draft:
                self._stage.post.answered(draft, sense is Sense.ACCEPTED, before)
        elif said.verb == "BDAT" and sense not in TAKEN and draft:
            draft.fate = "refused"
            self._draft = None if self._draft is draft else self._draft
        elif said.verb in ("EHLO", "HELO", "MAIL") and sense in TAKEN and draft and self._draft is draft:
            self._draft = None
        if any(state.phase is Phase.GONE for state in self.states):
            raise Astray

    def _reply(self, part: Part, may_end: bool) -> Reply:
        """The reply to a part.

        Raises:
            Astray: the server has left, as it may.
            Void: none came.
        """
        try:
            if may_end:
                reply = self._client.hear_or_end()
                if reply is None:
                    raise Astray
                return reply
            if not part.line and part.last:
                return self._reply_to_text()
            return self._client.hear()
        except Skipped as skipped:
            if self._client.ended and self._client.errors > ERRORS:
                raise Astray from None
            raise Void(str(skipped)) from None

    def _reply_to_text(self) -> Reply:
        """The reply to the end of data; where none comes, a second end tells whether the first one was missed."""
        wire = self._client.wire
        deadline = wire.sent + 2 * self._case.patient
        try:
            reply = self._client.next_reply(deadline)
            self._case.patience.replied(reply.at - wire.sent)
        except Closed:
            return self._client.hear()
        except Silent:
            with suppress(WireError):
                wire.send(DOT)
            replies = self._client.farewell()
            if [one.code[:1] for one in replies] in (["2", "2"], ["5", "2"], ["4", "2"]) and len(replies) == 2:
                wanted, came = "one reply to each end of data", "none to the first of two"
                raise Broken("data.eod", "the end of data is missed", wanted, came) from None
            raise Void("no reply to the end of data") from None
        self._client.errors += codes.refused(reply)
        return reply

    def _note(
        self, verb: str, sent: tuple[bytes, ...] = (), how: str = "", senses: tuple[Sense, ...] = (), code: str = ""
    ) -> None:
        self._stage.actions.append(Action(self._number, verb, sent, how, senses, code))
