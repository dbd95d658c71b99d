"""A client of a swarm: a thread or greenlet of its own that talks over a blocking socket, and whose replies are judged.

The swarm is somebody else's (`conformance.locustfile` has it of Locust), as is the clock by which clients come and go.
"""

from __future__ import annotations

import errno
import socket
import struct
import time
from collections import deque
from collections.abc import Callable

from conformance.load.client import TIMED_OUT_EARLY
from conformance.load.findings import LogEntry
from conformance.load.ledger import Ledger
from conformance.load.profile import Dialogue, Move, Profile, Step
from conformance.load.talker import PIECE_PAUSE
from conformance.load.tally import GREETING
from conformance.load.wire import LOGGED, LONGEST_LINE, LONGEST_LOGGED

CONNECT = "connect"
"""The phase in which the connection is made, which has no reply."""
LEAST_PATIENCE = 0.1
"""Seconds in which what has come is read."""
AGAIN_AFTER = 1.0
"""Seconds until a client that could not connect tries again."""


class Fault(Exception):
    """Why a phase failed, in a few words of ours: there are few of them, so that a swarm can count each."""


Tell = Callable[[str, float, int, Fault | None], None]
"""Takes a phase, the seconds that it took, the bytes of its reply, and what was wrong with it."""


class Session:
    """One client.

    Args:
        profile: what it is about.
        dialogue: what it says.
        ledger: where it writes down what is looked up and reported later.
        address: the server's numeric host and port.
        tell: is told of each phase.
    """

    def __init__(
        self, profile: Profile, dialogue: Dialogue, ledger: Ledger, address: tuple[str, int], tell: Tell
    ) -> None:
        self._profile, self._dialogue, self._ledger = profile, dialogue, ledger
        self._address, self._tell = address, tell
        self._socket: socket.socket | None = None
        self._buffer = b""
        self._owed: deque[Step] = deque()
        self._log: deque[LogEntry] = deque(maxlen=LOGGED)
        self._valid_sent = 0.0
        self._errors = 0

    def move(self) -> None:
        """Connect, or say the next thing and hear all replies to it."""
        if self._socket is None:
            self._connect()
            return
        move = self._dialogue.next()
        self._owed.extend(move.steps)
        sent = self._send(move)
        if move.leave in ("close", "reset"):
            self.leave(reset=move.leave == "reset")
            return
        if move.leave:
            self._half_close()
        while self._owed and self._socket is not None:
            self._hear(sent, half_closed=bool(move.leave))
        if self._socket is not None and b"\n" in self._buffer:
            self._blame(self._profile.rules.one_reply, "a reply that nothing was owed", "nothing", self._buffer)
            self.leave()
        elif move.leave:
            self.leave()

    def leave(self, reset: bool = False) -> None:
        """Close the connection, if there is one; what is owed may have been done all the same."""
        self._ledger.unanswered += sum(step.delivers for step in self._owed)
        self._owed.clear()
        if self._socket is not None:
            if reset:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._socket.close()
            self._socket = None

    def _connect(self) -> None:
        rules, limits = self._profile.rules, self._profile.limits
        self._buffer, self._errors = b"", 0
        self._log.clear()
        began = self._valid_sent = time.monotonic()
        try:
            self._socket = socket.create_connection(self._address, limits.greeting)
        except OSError as error:
            why = errno.errorcode.get(error.errno or 0, "no answer")
            self._tell(CONNECT, time.monotonic() - began, 0, Fault(f"not connected: {why}"))
            if self._ledger.greetings:
                self._ledger.findings.add(rules.alive, "the server takes no connections any more", "a connection", why)
            time.sleep(AGAIN_AFTER)
            return
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._tell(CONNECT, time.monotonic() - began, 0, None)
        text = self._reply(limits.greeting)
        seconds, phase = time.monotonic() - began, self._profile.kinds.get(GREETING, GREETING).strip()
        if not text:
            self._tell(phase, seconds, 0, Fault("no greeting" if text is None else "disconnected"))
            if text is not None:
                what = "the server closed the connection instead of a greeting"
                self._blame(rules.greeting, what, "a greeting")
            self.leave()
            return
        self._ledger.greet(text)
        verdict = self._dialogue.begin(text)
        self._tell(phase, seconds, len(text), Fault(verdict.wrong) if verdict.wrong else None)
        if verdict.wrong:
            self._blame(verdict.rule, verdict.wrong, verdict.wanted, text)
        if verdict.after is None:
            self.leave()

    def _send(self, move: Move) -> float:
        """Say it; returns when its last piece was sent. That the server has hung up is told by what is read next."""
        assert self._socket
        sent = 0.0
        for number, piece in enumerate(move.pieces):
            if number:
                time.sleep(PIECE_PAUSE)
            sent = time.monotonic()
            self._note("->", piece)
            try:
                self._socket.sendall(piece)
            except OSError:
                break
        return sent

    def _half_close(self) -> None:
        assert self._socket
        self._note("--", b"half-close")
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            return  # it is told by what is read next

    def _hear(self, sent: float, half_closed: bool) -> None:
        """Judge the next reply."""
        step = self._owed[0]
        phase = self._profile.kinds.get(self._dialogue.owed(step), "reply").strip()
        text = self._reply(self._profile.limits.reply)
        now = time.monotonic()
        if not text or text.startswith(self._profile.timeout):
            self._ended(text, phase, now - sent, now - self._valid_sent)
            return
        self._owed.popleft()
        verdict = self._dialogue.judge(step, text)
        if verdict.delivery:
            self._ledger.acknowledged.append(verdict.delivery)
        elif step.delivers:
            self._ledger.unanswered += 1
        self._tell(phase, now - sent, len(text), _fault(verdict.kind, verdict.wrong, text))
        if verdict.wrong:
            self._blame(verdict.rule, f"{verdict.wrong} ({verdict.owed})", verdict.wanted, text)
        if verdict.also:
            self._blame(*verdict.also)
        if verdict.restarts:
            self._valid_sent = sent
        self._errors += verdict.error
        known = verdict.after is not None or (
            verdict.error and not self._owed and not step.delivers and not half_closed
        )
        if not known or (self._owed and step.after is not None and step.after != verdict.after):
            self.leave()

    def _ended(self, text: bytes | None, phase: str, seconds: float, idle: float) -> None:
        """The session is over though a reply is owed, rightly if it was idle for long or had many errors."""
        rules, limits = self._profile.rules, self._profile.limits
        if text is None:
            self._tell(phase, seconds, 0, Fault("no reply"))
            self._blame(rules.one_reply, f"no reply within {limits.reply:g} s", f"a reply ({phase})", "nothing")
        elif idle >= limits.time:
            self._ledger.note("a client was so slow itself that it was timed out")
        elif text:
            self._tell(phase, seconds, len(text), Fault("timed out early"))
            self._blame(rules.early, TIMED_OUT_EARLY, f"nothing before {limits.time:g} s", text)
        elif self._errors + len(self._owed) > limits.errors:
            self._ledger.note("the server hangs up after some errors in a session")
        else:
            self._tell(phase, seconds, 0, Fault("disconnected"))
            self._blame(rules.one_reply, "the connection was closed instead of a reply", f"a reply ({phase})")
        self.leave()

    def _reply(self, patience: float) -> bytes | None:
        """The next line without its end; empty at the end of the connection, None if nothing comes in time."""
        deadline = time.monotonic() + patience
        while b"\n" not in self._buffer:
            assert self._socket
            if len(self._buffer) > LONGEST_LINE:
                self._blame(self._profile.rules.one_reply, f"a reply of more than {LONGEST_LINE} bytes", "one line")
                return b""
            data = self._receive(deadline - time.monotonic())
            if data is None:
                data = self._receive(0.0)  # where we were late ourselves it has come meanwhile
            if data is None:
                return None
            if not data:
                self._note("--", b"closed by the server")
                return b""
            self._buffer += data
        raw, _, self._buffer = self._buffer.partition(b"\n")
        self._note("<-", raw + b"\n")
        if raw[-1:] != b"\r":
            self._blame(self._profile.rules.line_end, "a reply that does not end in CRLF", "CRLF", raw + b"\n")
        return raw.removesuffix(b"\r") or b" "

    def _receive(self, patience: float) -> bytes | None:
        """What comes, empty at the end of the connection; None if nothing does in time."""
        assert self._socket
        self._socket.settimeout(max(LEAST_PATIENCE, patience))
        try:
            return self._socket.recv(65536)
        except TimeoutError:
            return None
        except OSError:
            return b""

    def _note(self, mark: str, data: bytes) -> None:
        self._log.append(
            (time.monotonic(), mark, data if len(data) <= LONGEST_LOGGED else data[:LONGEST_LOGGED] + b"...")
        )

    def _blame(self, rule: str, what: str, wanted: str = "", actual: bytes | str = "") -> None:
        actual = actual.decode("latin-1") if isinstance(actual, bytes) else actual
        self._ledger.findings.add(rule, what, wanted, actual, self._log)


def _fault(kind: str, wrong: str, reply: bytes) -> Fault | None:
    """What is wrong with a reply, by the class of its code where it is of another kind than was owed."""
    if not wrong:
        return None
    if kind:
        return Fault(wrong)
    code = reply[:1].decode("latin-1")
    return Fault(f"wrong reply: {code}yz" if code in "2345" else "wrong reply: no reply code")
