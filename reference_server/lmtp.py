"""LMTP, RFC 2033: the second protocol with LHLO, and with a reply for each recipient at the end of a message."""

from collections.abc import Mapping

from .channel import CRLF
from .esmtp import ANSWERS, Answer, Esmtp


class Lmtp(Esmtp):
    """The protocol's state for one client, which is a mail server of the same house."""

    KIND = b"LMTP"

    def _answers(self) -> Mapping[bytes, Answer]:
        return LMTP_ANSWERS

    def _end(self, text: bytes, refusal: bytes | None) -> bytes:
        """Return the reply for each accepted RCPT, or the one reply if there was none."""
        replies = {one: refusal or self._deliver(text, [one]) for one in dict.fromkeys(self._recipients)}
        reply = CRLF.join(replies[one] for one in self._recipients) or refusal or b""
        self._forget_message()
        return reply


LMTP_ANSWERS: dict[bytes, Answer] = {
    b"LHLO": Esmtp._ehlo,
    **{verb: answer for verb, answer in ANSWERS.items() if verb not in (b"EHLO", b"HELO")},
}
