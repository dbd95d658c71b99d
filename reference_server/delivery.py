"""The end of a message: what is wrong with its text, or that it was stored."""

import re

from .maildir import Maildir, Message

HOPS_LIMIT = 100  # `Received` fields; a message that brings more has lost its way
BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n|\0")  # what no text may have in it: the next server might see a line end


def deliver(maildir: Maildir, message: Message, is_binary: bool) -> bytes:
    """Return the reply to the end of a message: 250 once it is stored for all its recipients.

    Args:
        maildir: where.
        message: whole.
        is_binary: its text has no lines, so anything may be in it.
    """
    if not is_binary and BARE.search(message.text):
        return b"554 5.6.0 Bare CR, bare LF or NUL in the message"
    if message.hops() > HOPS_LIMIT:
        return b"554 5.4.6 Too many hops"
    try:
        maildir.deliver(message)
    except OSError:
        return b"451 4.3.0 Message not saved"
    return b"250 2.0.0 Delivered as " + message.id
