"""Edits that mutants of several sections share."""

from __future__ import annotations

import textwrap

from proof.servers.edit import Edit, begun, headed, within

ANSWER = 'reply = b"500 5.5.2 Line too long" if line is None else self._answer(line)'
READ_TEXT = "text = self._channel.read_body(SENT_LIMIT, STUFFED)"
RECIPIENT_KEPT = "self._recipients.append(mailbox)"
SENDER_KEPT = 'self._reverse_path = found["mailbox"] or b""'
UNKNOWN = 'b"500 5.5.2 Command not recognized"'


def said(answer: str, old: str, new: str) -> Edit:
    """Replace a text that stands once in a function of the session, `_mail` for example."""
    return within("esmtp.py", f"Esmtp.{answer}", old, new)


def first(answer: str, code: str) -> Edit:
    """Do something before a function of the session does what it does."""
    return begun("esmtp.py", f"Esmtp.{answer}", code)


def answered(code: str) -> Edit:
    """Do something else with the `reply` to a command `line` than to send it."""
    return said("run", ANSWER, f"{ANSWER}\n{_plain(code)}")


def parsed(code: str) -> Edit:
    """Do something with a command line, of which `verb` and `argument` are known, before it is understood."""
    return within("commands.py", "parse", "verb = word.upper()", f"verb = word.upper()\n{_plain(code)}")


def greeted(code: str) -> Edit:
    """Send something else as the greeting.

    Args:
        code: an expression of bytes.
    """
    return said("run", 'b"220 %b %b ready" % (self._site.domain, self.KIND)', code)


def announced(*keywords: str) -> Edit:
    """Announce some extensions more."""
    return within(
        "site.py", "Site.keywords", 'b"8BITMIME",', "\n".join(['b"8BITMIME",', *(f'b"{one}",' for one in keywords)])
    )


def delivered(code: str) -> Edit:
    """Do something with a `message` that has come whole, before it is looked at and stored."""
    return begun("delivery.py", "deliver", code)


def refused(condition: str, reply: str) -> Edit:
    """Refuse a message at its end.

    Args:
        condition: an expression with `text`, what came behind the 354.
        reply: the refusal.
    """
    return delivered(f'text = message.text\nif {condition}:\n    return b"{reply}"')


def broken_off(code: str) -> Edit:
    """Do something with what has come of a `text` when its client leaves before the end."""
    caught = textwrap.indent(_plain(code), "    ")
    tried = (
        "try:\n"
        f"    {READ_TEXT}\n"
        "except (EOFError, OSError):\n"
        "    text = bytes(self._channel._received[2:])\n"
        f"{caught}\n"
        "    raise"
    )
    return said("_data", READ_TEXT, tried)


def ended_by(expression: str, become: str = r"\r\n.\r\n") -> list[Edit]:
    """Take other bytes for the end of data as well.

    Args:
        expression: a regular expression for them.
        become: what is read in their place.
    """
    seen = f"""
    import re


    def _ends_seen(received):
        received[:] = re.sub(rb"{expression}", b"{become}", received)
        return received
    """
    found = "_ends_seen(self._received).find(END_OF_DATA)"
    return [
        headed("channel.py", seen),
        within("channel.py", "Channel.read_body", "self._received.find(END_OF_DATA, searched)", found),
    ]


def _plain(code: str) -> str:
    return textwrap.dedent(code).strip("\n")
