"""Writes a failing conversation as a script that needs nothing but Python: for the server's author."""

from __future__ import annotations

import pprint
from dataclasses import dataclass
from pathlib import Path

from conformance.cs4410.dialect import Dialect
from conformance.cs4410.mailbox import Message
from conformance.cs4410.search.talker import TICK, Action

TEMPLATE = Path(__file__).with_name("replay.py.txt")
SETTLED = 1.0
"""Seconds after the last step in which entries reach the mailbox, and a server that ends is seen to end."""


@dataclass(frozen=True)
class Play:
    """One run of a conversation, for a script that runs it again.

    Attributes:
        actions: what the clients did, in order.
        messages: what was acknowledged, in order.
        consecutive: whether their numbers have to be 1, 2, 3 … on a fresh server.
        in_mailbox: whether it was the mailbox or the numbers that was wrong.
        linger: seconds that the server was left alone afterwards.
    """

    actions: tuple[Action, ...] = ()
    messages: tuple[Message, ...] = ()
    consecutive: bool = False
    in_mailbox: bool = False
    linger: float = 0.0


def script(name: str, title: str, play: Play, dialect: Dialect, time_limit: float) -> str:
    """The text of a script that runs a conversation again and judges it.

    Args:
        name: its file's name.
        title: one line that says what fails.
        play: the conversation as it was run.
        dialect: the words.
        time_limit: the server's, in seconds.
    """
    steps = [_step(action, dialect) for action in play.actions]
    filled = {
        "@TITLE@": "".join(letter if " " <= letter <= "~" and letter not in '\\"' else "?" for letter in title),
        "@NAME@": name,
        "@STEPS@": pprint.pformat(steps, width=110),
        "@MESSAGES@": pprint.pformat([_message(one) for one in play.messages], width=110),
        "@GREETING@": repr(dialect.code("greeting").encode("latin-1")),
        "@PATIENCE@": f"{max(5.0, time_limit):g}",
        "@WAIT@": f"{max(2 * time_limit, time_limit + TICK):g}",
        "@CONSECUTIVE@": repr(play.consecutive),
        "@IN_MAILBOX@": repr(play.in_mailbox),
        "@LINGER@": f"{max(SETTLED, play.linger):.3g}",
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    for placeholder, value in filled.items():
        text = text.replace(placeholder, value)
    return text


def _step(action: Action, dialect: Dialect) -> tuple[int, str, object]:
    what: object = action.sent or action.how
    if action.answers:
        what = [dialect.pattern(one.kind, one.fields, one.exact).encode("latin-1") for one in action.answers]
    return action.client, action.verb, what


def _message(message: Message) -> tuple[bytes, bytes, bytes]:
    names = [f"From: {message.sender}", *(f"To: {one}" for one in message.recipients), ""]
    return message.host.encode("latin-1"), "\n".join(names).encode("latin-1"), message.body
