"""What a server of RFC 5321 is and has for all its clients alike, and what it offers one of them."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from .auth import MECHANISMS, Credentials
from .maildir import Maildir
from .parameters import RECIPIENTS_LIMIT, SIZE_LIMIT
from .paths import unquoted

NOBODY = b"nobody"  # the one local part that has no mailbox


@dataclass(frozen=True)
class Site:
    """What sessions share.

    Args:
        maildir: where messages are delivered.
        domain: the server's name, and the domain that it serves.
        context: of TLS; None if there is none.
        credentials: of the one user who can log in; None if nobody can.
        tls_required: nobody is served in clear.
        login_required: nobody sends mail without a login.
    """

    maildir: Maildir
    domain: bytes
    context: ssl.SSLContext | None = None
    credentials: Credentials | None = None
    tls_required: bool = False
    login_required: bool = False

    def keywords(self, is_encrypted: bool, is_private: bool) -> Sequence[bytes]:
        """Return the extensions that are announced.

        Args:
            is_encrypted: the client speaks inside TLS.
            is_private: nobody can overhear the client.
        """
        return (
            b"SIZE %d" % SIZE_LIMIT,
            b"8BITMIME",
            b"PIPELINING",
            b"ENHANCEDSTATUSCODES",
            b"CHUNKING",
            b"BINARYMIME",
            b"SMTPUTF8",
            b"DSN",
            b"LIMITS RCPTMAX=%d" % RECIPIENTS_LIMIT,
            *((b"STARTTLS",) if self.context and not is_encrypted else ()),
            *((b"AUTH " + b" ".join(MECHANISMS),) if self.credentials and is_private else ()),
            b"VRFY",
            b"HELP",
        )

    def refusal(self, mailbox: bytes, server: bytes) -> bytes | None:
        """Return how a recipient is refused, or None if there is such a user here.

        Args:
            mailbox: the recipient.
            server: the address literal that the client connected to, which is served like the domain.
        """
        local_part, _, host = mailbox.rpartition(b"@")
        if host.lower() not in (self.domain.lower(), server.lower()):
            return b"550 5.7.1 Not a domain of ours, and no relay"
        if unquoted(local_part).lower() == NOBODY:
            return b"550 5.1.1 No such user"
        return None
