"""Writes a failing conversation as a script that needs nothing but Python: for the server's author."""

from __future__ import annotations

import pprint
from dataclasses import dataclass
from pathlib import Path

from conformance.rfc5321.codes import Sense
from conformance.rfc5321.search.post import Draft
from conformance.rfc5321.search.stage import Action
from conformance.rfc5321.tester import PASSWORD, Tester

TEMPLATE = Path(__file__).with_name("replay.py.txt")
CODES = {
    Sense.ACCEPTED: "2..",
    Sense.INTERMEDIATE: "3..",
    Sense.SYNTAX: "50[0124]|555",
    Sense.ORDER: "503",
    Sense.TEMPORARY: "4(?!21)..",
    Sense.LEAVING: "421",
    Sense.POLICY: "5(?!0[01234]|55)..",
}
"""The codes of each sense, as an expression."""


@dataclass(frozen=True)
class Play:
    """One run of a conversation, for a script that runs it again.

    Attributes:
        actions: what the clients did, in order.
        drafts: the messages.
        over: whether all steps were taken.
        tester: how sessions are begun.
    """

    actions: tuple[Action, ...] = ()
    drafts: tuple[Draft, ...] = ()
    over: bool = False
    tester: Tester | None = None


def script(name: str, title: str, play: Play) -> str:
    """The text of a script that runs a conversation again and judges it.

    Args:
        name: its file's name.
        title: one line that says what fails.
        play: the conversation as it was run.
    """
    tester = play.tester
    messages = [(draft.message.mark.encode(), draft.fate, draft.message.body) for draft in play.drafts]
    filled = {
        "@TITLE@": "".join(letter if " " <= letter <= "~" and letter not in '\\"' else "?" for letter in title),
        "@NAME@": name,
        "@STEPS@": pprint.pformat([_step(action) for action in play.actions], width=110),
        "@MESSAGES@": pprint.pformat(messages if play.over else [], width=110),
        "@TLS@": repr(tester.tls if tester else "none"),
        "@USER@": repr(tester.user if tester else None),
        "@PASSWORD@": PASSWORD,
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    for placeholder, value in filled.items():
        text = text.replace(placeholder, value)
    return text


def _step(action: Action) -> tuple[int, str, object]:
    if action.verb in ("hear", "end"):
        leaving = (CODES[Sense.LEAVING],) if action.code else ()
        codes = (action.code, *leaving) if action.code else [CODES[sense] for sense in CODES if sense in action.senses]
        return action.client, action.verb, "|".join(codes)
    return action.client, action.verb, list(action.sent) or action.how
