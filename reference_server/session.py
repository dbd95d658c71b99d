"""The assignment's protocol: what a client may say, in which order, and what it is answered."""

import re

from .channel import Channel, ClockExpired
from .mailbox import Mailbox, Message

LINE_LIMIT = 4_096  # bytes of a command line; of a longer one the rest is thrown away, and it gets one 500
BODY_LIMIT = 96 * 2**20  # bytes as sent, enough for 64 MiB of lone dots, stuffed; of a longer body nothing is kept: 552
RECIPIENTS_LIMIT = 10_000  # a message; each further one gets a 554, and the message keeps those it has

STUFFED = b".."  # a line that starts so loses a dot (RFC 5321, 4.5.2); a single one stays, for clients that double none
WHITE_SPACE = re.compile(rb"[ \t]+")
PRINTABLE = re.compile(rb"[!-~]+")
SYNTAX = {  # of each verb's argument, and how a 501 names it; whether an address is a good one is asked later
    b"HELO": (re.compile(rb"([!-~]+)"), b"HELO yourhostname"),
    b"MAIL": (re.compile(rb"FROM[ \t]*:[ \t]*(.+)", re.DOTALL | re.IGNORECASE), b"MAIL FROM: address"),
    b"RCPT": (re.compile(rb"TO[ \t]*:[ \t]*(.+)", re.DOTALL | re.IGNORECASE), b"RCPT TO: address"),
    b"DATA": (re.compile(rb""), b"DATA"),
}


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
            self._reply(b"220 %b SMTP CS4410MP3" % self._netid)
            while True:
                line = self._channel.read_line(LINE_LIMIT)
                self._reply(b"500 5.5.2 Error: line too long" if line is None else self._answer(line))
        except ClockExpired:
            self._channel.last_reply(b"421 4.4.2 %b Error: timeout exceeded" % self._netid)
        except (EOFError, OSError):
            pass  # the client is gone, and nobody is left to be told

    def _reply(self, text: bytes) -> None:
        """Answer with one line; a valid reply, 2xx or 354, restarts the clock, an error does not ("Timeouts")."""
        self._channel.reply(text)
        if text.startswith((b"2", b"3")):
            self._channel.restart_clock()

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
            return self._out_of_order()
        if self._reverse_path:
            return b"503 5.5.1 Error: nested MAIL command"
        if not PRINTABLE.fullmatch(address):
            return b"504 5.5.2 <%b>: Sender address rejected" % _on_one_line(address)
        self._reverse_path = address
        return b"250 2.1.0 OK"

    def _rcpt(self, address: bytes) -> bytes:
        if not self._reverse_path:
            return self._out_of_order()
        if not PRINTABLE.fullmatch(address):
            return b"504 5.5.2 <%b>: Recipient address invalid" % _on_one_line(address)
        if len(self._recipients) == RECIPIENTS_LIMIT:
            return b"554 5.5.3 Error: too many recipients"
        self._recipients.append(address)
        return b"250 2.1.5 OK"

    def _data(self) -> bytes:
        if not self._recipients:
            return self._out_of_order()
        self._reply(b"354 End data with <CR><LF>.<CR><LF>")
        body = self._channel.read_body(BODY_LIMIT, STUFFED)
        message = Message(self._host, self._reverse_path, self._recipients, body or b"")
        self._forget_message()
        if body is None:
            return b"552 5.3.4 Error: message too big"
        try:
            return b"250 OK: delivered message %d" % self._mailbox.deliver(message)
        except OSError:
            return b"554 5.3.0 Error: message not saved"  # not a 4xx: the assignment keeps those for time-outs

    def _out_of_order(self) -> bytes:
        missing = b"HELO" if not self._host else b"MAIL" if not self._reverse_path else b"RCPT"
        return b"503 Error: need %b command" % missing

    def _forget_message(self) -> None:
        self._reverse_path = b""
        self._recipients = []


def _on_one_line(address: bytes) -> bytes:
    """Return the address as sent, but for bare CRs and LFs, which could end the reply line for some clients."""
    return address.replace(b"\r", b" ").replace(b"\n", b" ")
