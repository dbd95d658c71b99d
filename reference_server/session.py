"""One client's session: the protocol, and below it the connection as lines and replies against the clock."""

import math
import re
import socket
import struct
from contextlib import suppress
from time import monotonic

from .mailbox import Mailbox, Message

RECEIVE_SIZE = 65_536  # bytes asked of the kernel at a time
LINE_LIMIT = 4_096  # bytes of a command line; of a longer one the rest is thrown away, and it gets one 500
BODY_LIMIT = 96 * 2**20  # bytes as sent, enough for 64 MiB of lone dots, stuffed; of a longer body nothing is kept: 552
RECIPIENTS_LIMIT = 10_000  # a message; each further one gets a 554, and the message keeps those it has

CRLF = b"\r\n"
END_OF_DATA = b"\r\n.\r\n"
WHITE_SPACE = re.compile(rb"[ \t]+")
PRINTABLE = re.compile(rb"[!-~]+")
SYNTAX = {  # of each verb's argument, and how a 501 names it; whether an address is a good one is asked later
    b"HELO": (re.compile(rb"([!-~]+)"), b"HELO yourhostname"),
    b"MAIL": (re.compile(rb"FROM[ \t]*:[ \t]*(.+)", re.DOTALL | re.IGNORECASE), b"MAIL FROM: address"),
    b"RCPT": (re.compile(rb"TO[ \t]*:[ \t]*(.+)", re.DOTALL | re.IGNORECASE), b"RCPT TO: address"),
    b"DATA": (re.compile(rb"()"), b"DATA"),
}


class ClockExpired(Exception):
    """The client let the time limit pass without a valid command, or without data in a body."""


class Channel:
    """A connection as lines, bodies and replies; its clock runs from the last valid reply (2xx, 354).

    Replies are kept until the client's next bytes are waited for, so that joined lines are answered in one segment.
    """

    def __init__(self, connection: socket.socket, time_limit: float) -> None:
        """Take over a connected, blocking socket, which the caller closes.

        Args:
            connection: the client's.
            time_limit: seconds the client has for each part of the protocol, and for taking what it is answered.
        """
        self._connection = connection
        self._time_limit = time_limit
        self._received = bytearray()
        self._replies = bytearray()
        self._receive_timeout = 0.0
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(time_limit))
        self._restart_clock()

    def reply(self, text: bytes) -> None:
        """Answer with one line; a valid reply, 2xx or 354, restarts the clock, an error does not ("Timeouts")."""
        self._replies += text + CRLF
        if text < b"4":
            self._restart_clock()

    def last_reply(self, text: bytes) -> None:
        """Answer with one line if the client can still take it, without waiting for that."""
        with suppress(OSError):
            self._connection.send(text + CRLF, socket.MSG_DONTWAIT)

    def read_line(self) -> bytes | None:
        """Return the next command line without its CRLF, or None for one longer than `LINE_LIMIT` bytes.

        Only CRLF ends a line. At most `LINE_LIMIT` + `RECEIVE_SIZE` bytes are held, however long the line.

        Raises:
            ClockExpired: the time limit passed first.
            EOFError: the client closed, or half-closed, first; what it sent of a line is dropped.
            OSError: the connection broke, or the client takes no replies.
        """
        too_long = False
        while (end := self._received.find(CRLF)) < 0:
            if len(self._received) > LINE_LIMIT:
                too_long = True
                del self._received[:-1]  # the last byte may be the CR of the line's end
            self._receive()
        line = bytes(self._received[:end])
        del self._received[: end + len(CRLF)]
        return None if too_long or end > LINE_LIMIT else line

    def read_body(self) -> bytes | None:
        """Return the body up to the line that is a lone dot, or None for one of more than `BODY_LIMIT` bytes.

        Only CRLF ends a line here too: a dot between bare CRs or LFs is data, or a message could smuggle in another.
        Of two dots that start a line one goes (transparency, RFC 5321, 4.5.2); a single one stays, for clients that
        know no transparency. Data that arrive restart the clock. Raises what `read_line` raises.
        """
        self._received[:0] = CRLF  # so that a dot in the first line follows a line end as well
        too_long = False
        searched = 0
        while (end := self._received.find(END_OF_DATA, searched)) < 0:
            if len(self._received) > BODY_LIMIT:
                too_long = True
                del self._received[: 1 - len(END_OF_DATA)]
            # Only what is new is searched, and the little before it that may be a part of the end.
            searched = max(0, len(self._received) - len(END_OF_DATA) + 1)
            self._receive()
            if not too_long:
                self._restart_clock()
        body = self._received[: end + len(CRLF)]
        del self._received[: end + len(END_OF_DATA)]
        return None if too_long else bytes(body.replace(b"\r\n..", b"\r\n.")[len(CRLF) :])

    def _restart_clock(self) -> None:
        self._deadline = monotonic() + self._time_limit

    def _receive(self) -> None:
        self._send_replies()
        while (remaining := self._deadline - monotonic()) > 0:
            # Right after a valid reply the kernel's time-out still fits: a receive is then a single system call.
            if not remaining <= self._receive_timeout <= remaining + 0.1:
                self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(remaining))
                self._receive_timeout = remaining
            with suppress(BlockingIOError):  # the kernel's time-out; whether ours has passed is for the clock to say
                data = self._connection.recv(RECEIVE_SIZE)
                if not data:
                    raise EOFError
                self._received += data
                return
        raise ClockExpired

    def _send_replies(self) -> None:
        # One call, because SO_SNDTIMEO bounds a call: in a loop, a client could take a byte just before each time-out.
        if self._replies and self._connection.send(self._replies) < len(self._replies):
            raise BlockingIOError("the client does not read its replies")
        self._replies.clear()


class Session:
    """The protocol's state for one client: HELO once, then messages of one MAIL, some RCPT and a DATA each."""

    def __init__(self, channel: Channel, mailbox: Mailbox, netid: bytes) -> None:
        """Begin before the greeting.

        Args:
            channel: the client's connection.
            mailbox: where messages are delivered.
            netid: the server's name, one printable token.
        """
        self._channel = channel
        self._mailbox = mailbox
        self._netid = netid
        self._host = b""
        self._reverse_path = b""
        self._recipients: list[bytes] = []

    def run(self) -> None:
        """Greet, then answer each command line with one reply, until the client leaves or lets the time limit pass."""
        try:
            self._channel.reply(b"220 %b SMTP CS4410MP3" % self._netid)
            while True:
                line = self._channel.read_line()
                self._channel.reply(b"500 5.5.2 Error: line too long" if line is None else self._answer(line))
        except ClockExpired:
            self._channel.last_reply(b"421 4.4.2 %b Error: timeout exceeded" % self._netid)
        except (EOFError, OSError):
            pass  # the client is gone, and nobody is left to be told

    def _answer(self, line: bytes) -> bytes:
        word, *rest = WHITE_SPACE.split(line.strip(b" \t"), maxsplit=1)
        verb = word.upper()
        if verb not in SYNTAX:
            return b"502 5.5.2 Error: command not recognized"
        pattern, proper_syntax = SYNTAX[verb]
        found = pattern.fullmatch(rest[0] if rest else b"")
        if not found:
            return b"501 Syntax: " + proper_syntax
        match verb:
            case b"HELO":
                return self._helo(found[1])
            case b"MAIL":
                return self._mail(found[1])
            case b"RCPT":
                return self._rcpt(found[1])
            case _:
                return self._data()

    def _helo(self, host: bytes) -> bytes:
        if self._host:
            return b"503 Error: duplicate HELO"
        self._host = host
        return b"250 " + self._netid

    def _mail(self, address: bytes) -> bytes:
        if not self._host:
            return b"503 Error: need HELO command"
        if self._reverse_path:
            return b"503 5.5.1 Error: nested MAIL command"
        if not PRINTABLE.fullmatch(address):
            return b"504 5.5.2 <%b>: Sender address rejected" % _on_one_line(address)
        self._reverse_path = address
        return b"250 2.1.0 OK"

    def _rcpt(self, address: bytes) -> bytes:
        if not self._reverse_path:
            return b"503 Error: need %b command" % (b"MAIL" if self._host else b"HELO")
        if not PRINTABLE.fullmatch(address):
            return b"504 5.5.2 <%b>: Recipient address invalid" % _on_one_line(address)
        if len(self._recipients) == RECIPIENTS_LIMIT:
            return b"554 5.5.3 Error: too many recipients"
        self._recipients.append(address)
        return b"250 2.1.5 OK"

    def _data(self) -> bytes:
        if not self._recipients:
            missing = b"RCPT" if self._reverse_path else b"MAIL" if self._host else b"HELO"
            return b"503 Error: need %b command" % missing
        self._channel.reply(b"354 End data with <CR><LF>.<CR><LF>")
        body = self._channel.read_body()
        message = Message(self._host, self._reverse_path, self._recipients, body or b"")
        self._forget_message()
        if body is None:
            return b"552 5.3.4 Error: message too big"
        try:
            return b"250 OK: delivered message %d" % self._mailbox.deliver(message)
        except OSError:
            return b"554 5.3.0 Error: message not saved"  # not a 4xx: the assignment keeps those for time-outs

    def _forget_message(self) -> None:
        self._reverse_path = b""
        self._recipients = []


def _on_one_line(address: bytes) -> bytes:
    """Return the address as sent, but for bare CRs and LFs, which could end the reply line for some clients."""
    return address.replace(b"\r", b" ").replace(b"\n", b" ")


def _timeval(seconds: float) -> bytes:
    """Return the C `struct timeval`, rounded up, because zero would mean no time-out at all."""
    return struct.pack("ll", *divmod(math.ceil(seconds * 1e6), 1_000_000))
