"""The second protocol, RFC 5321 with SIZE, 8BITMIME, PIPELINING and ENHANCEDSTATUSCODES: who may say what, and when."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from socket import socket
from typing import Any

from .channel import CRLF, Channel, ClockExpired
from .maildir import Maildir, Message

LINE_LIMIT = 2_000  # bytes of a command line; of a longer one the rest is thrown away, and it gets one 500
SIZE_LIMIT = 10 * 2**20  # bytes of a message, its doubled dots not counted
SENT_LIMIT = SIZE_LIMIT * 4 // 3 + 4  # bytes that such a message takes if each of its lines is a dot, which is doubled
RECIPIENTS_LIMIT = 1_000  # a message; each further one gets a 452, and the message keeps those it has
HOPS_LIMIT = 100  # `Received` fields; a message that brings more has lost its way
NOBODY = b"nobody"  # the one local part that has no mailbox
STUFFED = b"."  # any line that begins with a dot loses it (4.5.2)

# The grammar of 4.1.2 and 4.1.3. No expression can match one text in two ways, so none can be made slow.
ATOM = rb"[A-Z0-9!#$%&'*+/=?^_`{|}~-]+"
DOT_STRING = rb"%b(?:\.%b)*" % (ATOM, ATOM)
QUOTED_STRING = rb'"(?:[ !#-\[\]-~]|\\[ -~])*"'
LABEL = rb"[A-Z0-9]+(?:-+[A-Z0-9]+)*"
DOMAIN = rb"%b(?:\.%b)*" % (LABEL, LABEL)
LITERAL = rb"\[(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|IPv6:[0-9A-F:.]+)\]"
HOST = rb"(?:%b|%b)" % (DOMAIN, LITERAL)
MAILBOX = rb"(?P<mailbox>(?:%b|%b)@%b)" % (DOT_STRING, QUOTED_STRING, HOST)
ROUTE = rb"(?:@%b(?:,@%b)*:)?" % (DOMAIN, DOMAIN)
PARAMETERS = rb"(?P<parameters>(?: +[A-Z0-9][A-Z0-9-]*(?:=[!-<>-~]+)?)*)"
LINE = re.compile(rb"[ -~]*")  # what a command line is made of; not even a bare CR or LF
SERVED = re.compile(DOMAIN, re.IGNORECASE)  # what a server can be named

MAIL_PARAMETERS = {b"SIZE": re.compile(rb"[0-9]{1,20}"), b"BODY": re.compile(rb"7BIT|8BITMIME", re.IGNORECASE)}
RCPT_PARAMETERS: dict[bytes, re.Pattern[bytes]] = {}
BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n|\0")  # what no message may have in it: the next server might see a line end


class PostOffice:
    """Serves all clients from one Maildir, and knows who is connected."""

    def __init__(self, directory: Path, domain: bytes, time_limit: float) -> None:
        """Open the Maildir.

        Args:
            directory: where it is.
            domain: the server's name, and the one domain whose mail it takes.
            time_limit: seconds that a client may be silent.

        Raises:
            OSError: the Maildir can't be made or written.
        """
        self._maildir = Maildir(directory, domain)
        self._domain = domain
        self._time_limit = time_limit
        self._connected: set[Channel] = set()

    def serve(self, connection: socket) -> None:
        """Serve one client until it leaves, or lets the time limit pass."""
        channel = Channel(connection, self._time_limit)
        self._connected.add(channel)
        try:
            with suppress(EOFError, OSError):  # the client is gone, and nobody is left to be told
                client, server = _literal(connection.getpeername()), _literal(connection.getsockname())
                Esmtp(channel, self._maildir, self._domain, client, server).run()
        finally:
            self._connected.discard(channel)

    def close(self) -> None:
        """Tell each client that is connected that the server goes."""
        for channel in self._connected.copy():
            channel.last_reply(b"421 4.3.2 %b Shutting down" % self._domain)


class Esmtp:
    """The protocol's state for one client: its name, and the envelope of the message that it is about to send."""

    def __init__(self, channel: Channel, maildir: Maildir, domain: bytes, address: bytes, server: bytes) -> None:
        """Begin before the greeting.

        Args:
            channel: the client's connection.
            maildir: where messages are delivered.
            domain: the server's name, and the domain that it serves.
            address: the client's, as an address literal.
            server: the address literal that the client connected to, which is served like the domain.
        """
        self._channel = channel
        self._maildir = maildir
        self._domain = domain
        self._served = {domain.lower(), server.lower()}
        self._address = address
        self._client = b""
        self._protocol = b""
        self._leaves = False
        self._reverse_path: bytes | None = None  # empty is a sender, too: the null one
        self._recipients: list[bytes] = []

    def run(self) -> None:
        """Greet, then answer each command line with one reply, until QUIT or until the client is silent too long.

        Raises:
            EOFError: the client closed first.
            OSError: the connection broke, or the client takes no replies.
        """
        self._channel.reply(b"220 %b ESMTP ready" % self._domain)
        try:
            while not self._leaves:
                self._channel.restart_clock()
                line = self._channel.read_line(LINE_LIMIT)
                self._channel.reply(b"500 5.5.2 Line too long" if line is None else self._answer(line))
            self._channel.send_replies()
        except ClockExpired:
            self._channel.last_reply(b"421 4.4.2 %b Silent for too long" % self._domain)

    def _answer(self, line: bytes) -> bytes:
        if not LINE.fullmatch(line):
            return b"501 5.5.2 Printable ASCII only"
        word, _, argument = line.rstrip(b" ").partition(b" ")
        verb = word.upper()
        if verb == b"EXPN":
            return b"502 5.5.1 Not implemented"
        if verb not in COMMANDS:
            return b"500 5.5.2 Command not recognized"
        syntax, usage, answer = COMMANDS[verb]
        found = syntax.fullmatch(argument)
        return answer(self, found) if found else b"501 5.5.4 Syntax: " + usage

    def _ehlo(self, found: re.Match[bytes]) -> bytes:
        self._helo(found)
        self._protocol = b"ESMTP"
        return CRLF.join(
            (
                b"250-%b" % self._domain,
                b"250-SIZE %d" % SIZE_LIMIT,
                b"250-8BITMIME",
                b"250-PIPELINING",
                b"250-ENHANCEDSTATUSCODES",
                b"250-VRFY",
                b"250 HELP",
            )
        )

    def _helo(self, found: re.Match[bytes]) -> bytes:
        self._forget_message()
        self._client = found[0]
        self._protocol = b"SMTP"
        return b"250 " + self._domain

    def _mail(self, found: re.Match[bytes]) -> bytes:
        if not self._client:
            return b"503 5.5.1 EHLO first"
        if self._reverse_path is not None:
            return b"503 5.5.1 There is a sender already"
        if refusal := _refusal(found["parameters"], MAIL_PARAMETERS):
            return refusal
        self._reverse_path = found["mailbox"] or b""
        return b"250 2.1.0 Sender OK"

    def _rcpt(self, found: re.Match[bytes]) -> bytes:
        if self._reverse_path is None:
            return b"503 5.5.1 MAIL first"
        if refusal := _refusal(found["parameters"], RCPT_PARAMETERS):
            return refusal
        mailbox = found["mailbox"] or b"Postmaster@" + self._domain
        local_part, _, host = mailbox.rpartition(b"@")
        if host.lower() not in self._served:
            return b"550 5.7.1 Not a domain of ours, and no relay"
        if _unquoted(local_part).lower() == NOBODY:
            return b"550 5.1.1 No such user"
        if len(self._recipients) == RECIPIENTS_LIMIT:
            return b"452 4.5.3 Too many recipients"
        self._recipients.append(mailbox)
        return b"250 2.1.5 Recipient OK"

    def _data(self, found: re.Match[bytes]) -> bytes:
        if not self._recipients:
            return b"503 5.5.1 RCPT first"
        self._channel.reply(b"354 End data with <CR><LF>.<CR><LF>")
        text = self._channel.read_body(SENT_LIMIT, STUFFED)
        reply = self._deliver(text)
        self._forget_message()
        return reply

    def _deliver(self, text: bytes | None) -> bytes:
        if text is None or len(text) > SIZE_LIMIT:
            return b"552 5.3.4 Message too big"
        if BARE.search(text):
            return b"554 5.6.0 Bare CR, bare LF or NUL in the message"
        recipients = list(dict.fromkeys(self._recipients))
        message = Message(self._client, self._address, self._protocol, self._reverse_path or b"", recipients, text)
        if message.hops() > HOPS_LIMIT:
            return b"554 5.4.6 Too many hops"
        try:
            self._maildir.deliver(message)
        except OSError:
            return b"451 4.3.0 Message not saved"
        return b"250 2.0.0 Delivered as " + message.id

    def _rset(self, found: re.Match[bytes]) -> bytes:
        self._forget_message()
        return b"250 2.0.0 OK"

    def _noop(self, found: re.Match[bytes]) -> bytes:
        return b"250 2.0.0 OK"

    def _vrfy(self, found: re.Match[bytes]) -> bytes:
        return b"252 2.0.0 Not told here, try RCPT"

    def _help(self, found: re.Match[bytes]) -> bytes:
        return b"214 2.0.0 " + b" ".join(COMMANDS)

    def _quit(self, found: re.Match[bytes]) -> bytes:
        self._leaves = True
        return b"221 2.0.0 %b Goodbye" % self._domain

    def _forget_message(self) -> None:
        self._reverse_path = None
        self._recipients = []


def _syntax(*parts: bytes) -> re.Pattern[bytes]:
    return re.compile(b"".join(parts), re.IGNORECASE)


COMMANDS: dict[bytes, tuple[re.Pattern[bytes], bytes, Callable[[Esmtp, re.Match[bytes]], bytes]]] = {
    # Of each verb the syntax of its argument, how a 501 names it, and what answers it.
    b"EHLO": (_syntax(HOST), b"EHLO host", Esmtp._ehlo),
    b"HELO": (_syntax(HOST), b"HELO host", Esmtp._helo),
    b"MAIL": (_syntax(rb"FROM:<(?:", ROUTE, MAILBOX, rb")?>", PARAMETERS), b"MAIL FROM:<address>", Esmtp._mail),
    b"RCPT": (
        _syntax(rb"TO:<(?:Postmaster|", ROUTE, MAILBOX, rb")>", PARAMETERS),
        b"RCPT TO:<address>",
        Esmtp._rcpt,
    ),
    b"DATA": (_syntax(), b"DATA", Esmtp._data),
    b"RSET": (_syntax(), b"RSET", Esmtp._rset),
    b"NOOP": (_syntax(rb".*"), b"NOOP", Esmtp._noop),
    b"VRFY": (_syntax(rb".+"), b"VRFY user", Esmtp._vrfy),
    b"HELP": (_syntax(rb".*"), b"HELP", Esmtp._help),
    b"QUIT": (_syntax(), b"QUIT", Esmtp._quit),
}


def _refusal(parameters: bytes, known: Mapping[bytes, re.Pattern[bytes]]) -> bytes | None:
    """Return how the parameters of a MAIL or RCPT are refused, or None if they are all right."""
    given: set[bytes] = set()
    for parameter in parameters.split():
        word, _, value = parameter.partition(b"=")
        keyword = word.upper()
        if keyword not in known:
            return b"555 5.5.4 Parameter not recognized"
        if keyword in given or not known[keyword].fullmatch(value):
            return b"501 5.5.4 Syntax: %b given once, with a value of its own" % keyword
        if keyword == b"SIZE" and int(value) > SIZE_LIMIT:
            return b"552 5.3.4 Message too big"
        given.add(keyword)
    return None


def _unquoted(local_part: bytes) -> bytes:
    """Return what a local part means: all quoted forms of one are equal (4.1.2)."""
    return re.sub(rb"\\(.)", rb"\1", local_part[1:-1]) if local_part.startswith(b'"') else local_part


def _literal(address: Any) -> bytes:
    """Return the IP address of a socket's address as an address literal (4.1.3)."""
    ip = str(address[0]).partition("%")[0].encode()  # without an interface's name
    return b"[IPv6:%b]" % ip if b":" in ip else b"[%b]" % ip
