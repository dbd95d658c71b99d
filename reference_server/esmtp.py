"""The second protocol, RFC 5321 with its extensions: who may say what, and when."""

import re
from collections.abc import Callable, Mapping

from . import auth, commands, parameters
from .channel import CRLF, Channel, ClockExpired
from .chunks import CHUNK_LIMIT, Chunks
from .delivery import deliver
from .maildir import Message
from .parameters import RECIPIENTS_LIMIT, SIZE_LIMIT, TOO_BIG
from .paths import is_loopback
from .site import Site

LINE_LIMIT = 2_000  # bytes of a command line; of a longer one the rest is thrown away, and it gets one 500
SENT_LIMIT = SIZE_LIMIT * 4 // 3 + 4  # bytes that such a message takes if each of its lines is a dot, which is doubled
STUFFED = b"."  # any line that begins with a dot loses it (4.5.2)
BEFORE_TLS = (b"NOOP", b"EHLO", b"LHLO", b"STARTTLS", b"QUIT")  # served where TLS is required (RFC 3207, 4)


class Esmtp:
    """The protocol's state for one client: who it is, and the envelope of the message that it is about to send."""

    KIND = b"ESMTP"
    _client: bytes
    _is_logged_in: bool
    _reverse_path: bytes | None  # empty is a sender, too: the null one
    _recipients: list[bytes]
    _chunks: Chunks | None

    def __init__(self, channel: Channel, site: Site, address: bytes, server: bytes) -> None:
        """Begin before the greeting.

        Args:
            channel: the client's connection.
            site: what it is offered.
            address: the client's, as an address literal.
            server: the address literal that the client connected to, which is served like the domain.
        """
        self._channel = channel
        self._site = site
        self._address = address
        self._server = server
        self._leaves = False
        self._forget_client()

    def run(self) -> None:
        """Greet, then answer each command line with one reply, until QUIT or until the client is silent too long.

        Raises:
            EOFError: the client closed first.
            OSError: the connection broke, or the client takes no replies.
        """
        self._channel.reply(b"220 %b %b ready" % (self._site.domain, self.KIND))
        try:
            while not self._leaves:
                self._channel.restart_clock()
                line = self._channel.read_line(LINE_LIMIT)
                reply = b"500 5.5.2 Line too long" if line is None else self._answer(line)
                if reply:
                    self._channel.reply(reply)
            self._channel.send_replies()
        except ClockExpired:
            self._channel.last_reply(b"421 4.4.2 %b Silent for too long" % self._site.domain)

    def _answer(self, line: bytes) -> bytes | None:
        verb, found = commands.parse(line, self._answers())
        if self._site.tls_required and not self._channel.is_encrypted and verb not in BEFORE_TLS:
            found = b"530 5.7.0 STARTTLS first"
        if isinstance(found, bytes):
            # The octets behind a BDAT that was not read must not run as commands.
            self._leaves = verb.startswith(b"BDAT")
            return found
        return self._answers()[verb](self, found)

    def _answers(self) -> Mapping[bytes, "Answer"]:
        return ANSWERS

    def _is_private(self) -> bool:
        # In clear a password would be read by anyone on its way.
        return self._channel.is_encrypted or is_loopback(self._address)

    def _ehlo(self, found: re.Match[bytes]) -> bytes:
        self._helo(found)
        self._is_extended = True
        *lines, last = self._site.domain, *self._site.keywords(self._channel.is_encrypted, self._is_private())
        return CRLF.join((*(b"250-" + line for line in lines), b"250 " + last))

    def _helo(self, found: re.Match[bytes]) -> bytes:
        self._forget_message()
        self._client = found[0]
        self._is_extended = False
        return b"250 " + self._site.domain

    def _starttls(self, found: re.Match[bytes]) -> bytes | None:
        if self._channel.is_encrypted:
            return b"503 5.5.1 TLS is on"
        if not self._site.context:
            return b"502 5.5.1 No certificate here"
        self._channel.reply(b"220 2.0.0 Go on in TLS")
        self._channel.start_tls(self._site.context)
        self._forget_client()
        return None

    def _auth(self, found: re.Match[bytes]) -> bytes:
        if not self._site.credentials:
            return b"502 5.5.1 Nobody can log in here"
        if not self._is_private():
            return b"538 5.7.11 Only inside TLS"
        if not self._is_extended:
            return b"503 5.5.1 EHLO first"
        if self._is_logged_in:
            return b"503 5.5.1 Logged in already"
        if self._reverse_path is not None:
            return b"503 5.5.1 Not within a transaction"
        reply = auth.log_in(self._channel, self._site.credentials, found["mechanism"], found["initial"])
        self._is_logged_in = reply.startswith(b"235")
        return reply

    def _mail(self, found: re.Match[bytes]) -> bytes:
        if not self._client:
            return b"503 5.5.1 EHLO first"
        if self._site.login_required and not self._is_logged_in:
            return b"530 5.7.0 Log in first"
        if self._reverse_path is not None:
            return b"503 5.5.1 There is a sender already"
        given = parameters.given(found["parameters"])
        is_utf8 = (b"SMTPUTF8", b"") in given
        known = parameters.OF_MAIL_WITH_AUTH if self._site.credentials else parameters.OF_MAIL
        if refusal := parameters.refusal(given, known):
            return refusal
        if not is_utf8 and not found[0].isascii():
            return commands.NOT_ASCII
        self._is_utf8 = is_utf8
        self._is_binary = any(value.upper() == b"BINARYMIME" for keyword, value in given if keyword == b"BODY")
        self._reverse_path = found["mailbox"] or b""
        return b"250 2.1.0 Sender OK"

    def _rcpt(self, found: re.Match[bytes]) -> bytes:
        if self._reverse_path is None:
            return b"503 5.5.1 MAIL first"
        if self._chunks:
            return b"503 5.5.1 The message has begun"
        if refusal := parameters.refusal(parameters.given(found["parameters"]), parameters.OF_RCPT):
            return refusal
        if not self._is_utf8 and not found[0].isascii():
            return commands.NOT_ASCII
        mailbox = found["mailbox"] or b"Postmaster@" + self._site.domain
        if refusal := self._site.refusal(mailbox, self._server):
            return refusal
        if len(self._recipients) == RECIPIENTS_LIMIT:
            return b"452 4.5.3 Too many recipients"
        self._recipients.append(mailbox)
        return b"250 2.1.5 Recipient OK"

    def _data(self, found: re.Match[bytes]) -> bytes:
        if not self._recipients:
            return b"503 5.5.1 RCPT first"
        if self._chunks:
            return b"503 5.5.1 The message comes by BDAT"
        if self._is_binary:
            return b"503 5.5.1 BINARYMIME comes by BDAT"
        self._channel.reply(b"354 End data with <CR><LF>.<CR><LF>")
        text = self._channel.read_body(SENT_LIMIT, STUFFED)
        too_big = text is None or len(text) > SIZE_LIMIT
        return self._end(text or b"", TOO_BIG if too_big else None)

    def _bdat(self, found: re.Match[bytes]) -> bytes:
        size = int(found["size"])
        if size > CHUNK_LIMIT:
            self._leaves = True
            return TOO_BIG
        octets = self._channel.read_octets(size, SIZE_LIMIT)  # first of all, or they would run as commands
        if self._reverse_path is None:
            return b"503 5.5.1 MAIL first"
        self._chunks = self._chunks or Chunks(None if self._recipients else b"503 5.5.1 RCPT first")
        refusal = self._chunks.add(octets)
        if found["last"]:
            return self._end(bytes(self._chunks.text), refusal)
        return refusal or b"250 2.0.0 %d octets taken" % size

    def _end(self, text: bytes, refusal: bytes | None) -> bytes:
        """Return the reply to the end of a message's text, which is delivered if it is not refused."""
        reply = refusal or self._deliver(text, list(dict.fromkeys(self._recipients)))
        self._forget_message()
        return reply

    def _deliver(self, text: bytes, recipients: list[bytes]) -> bytes:
        message = Message(self._client, self._address, self._protocol(), self._reverse_path or b"", recipients, text)
        return deliver(self._site.maildir, message, self._is_binary)

    def _protocol(self) -> bytes:
        """Return what `Received` calls the way a message came (RFC 3848, RFC 6531)."""
        if not self._is_extended:
            return b"SMTP"
        kind = b"UTF8" + self.KIND.removeprefix(b"E") if self._is_utf8 else self.KIND
        return kind + b"S" * self._channel.is_encrypted + b"A" * self._is_logged_in

    def _rset(self, found: re.Match[bytes]) -> bytes:
        self._forget_message()
        return b"250 2.0.0 OK"

    def _noop(self, found: re.Match[bytes]) -> bytes:
        return b"250 2.0.0 OK"

    def _vrfy(self, found: re.Match[bytes]) -> bytes:
        return b"252 2.0.0 Not told here, try RCPT"

    def _help(self, found: re.Match[bytes]) -> bytes:
        return b"214 2.0.0 " + b" ".join(self._answers())

    def _quit(self, found: re.Match[bytes]) -> bytes:
        self._leaves = True
        return b"221 2.0.0 %b Goodbye" % self._site.domain

    def _forget_client(self) -> None:
        self._client = b""
        self._is_extended = False
        self._is_logged_in = False
        self._forget_message()

    def _forget_message(self) -> None:
        self._reverse_path = None
        self._recipients = []
        self._is_utf8 = False
        self._is_binary = False
        self._chunks = None


Answer = Callable[[Esmtp, re.Match[bytes]], bytes | None]
ANSWERS: dict[bytes, Answer] = {
    b"EHLO": Esmtp._ehlo,
    b"HELO": Esmtp._helo,
    b"STARTTLS": Esmtp._starttls,
    b"AUTH": Esmtp._auth,
    b"MAIL": Esmtp._mail,
    b"RCPT": Esmtp._rcpt,
    b"DATA": Esmtp._data,
    b"BDAT": Esmtp._bdat,
    b"RSET": Esmtp._rset,
    b"NOOP": Esmtp._noop,
    b"VRFY": Esmtp._vrfy,
    b"HELP": Esmtp._help,
    b"QUIT": Esmtp._quit,
}
