"""The search of the standard's profile on a server, without a run of the suite around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from conformance.harness.client.scene import Scene
from conformance.harness.server.launch import reference_command
from conformance.harness.server.patience import Patience
from conformance.harness.server.target import Launched
from conformance.harness.settings import Settings
from conformance.harness.verdict.verdict import Record
from conformance.harness.wire.manners import Manners
from conformance.rfc5321.case import Case
from conformance.rfc5321.kind import KIND
from conformance.rfc5321.profile import PROFILE
from conformance.rfc5321.search import run, strategies
from conformance.rfc5321.search.conversation import Pick, Step
from conformance.rfc5321.search.player import JUDGED, Player
from conformance.search.budget import Budget
from conformance.search.hunt import Hunt
from tests.harness import plain

LIMIT = 10.0
DOMAIN = "reference.example"
REFERENCE = reference_command(KIND)
LEARNED = {
    "client name": "[127.0.0.1]",
    "hello": "EHLO",
    "sender": f"probe@{DOMAIN}",
    "recipient": f"postmaster@{DOMAIN}",
    "delivered": "yes",
}
OWN: dict[str, Any] = {option.name: option.default for option in PROFILE.options} | {
    "recipient": (f"postmaster@{DOMAIN}", f"other@{DOMAIN}"),
    "bad_recipient": f"nobody@{DOMAIN}",
    "relay_recipient": "someone@elsewhere.example",
}

NOTHING: Mapping[str, Any] = {}


def started(command: str = REFERENCE) -> Launched:
    """A server that is started when it is needed."""
    return Launched(KIND, command, LIMIT, Manners())


def case_on(server: Launched, own: Mapping[str, Any]) -> Case:
    """A case on a server, as the search is one."""
    settings: Settings = replace(plain.PLAIN, time_limit=LIMIT, seed=1, own={**OWN, **own})
    server.prepare()
    record = Record("search", "", JUDGED, PROFILE.ledger(OWN))
    learned = {**LEARNED, "needs login": "530"} if settings.own["user"] else LEARNED
    return Case(Scene(record, server, settings, Patience(LIMIT, KIND.rules), learned))


def player_on(server: Launched, own: Mapping[str, Any] = NOTHING) -> Player:
    """What plays conversations with a server."""
    case = case_on(server, own)
    player = Player(case, run.learn(case))
    case.close()
    return player


def hunted(
    server: Launched, count: int, seed: str = "1", causes: int = 1, own: Mapping[str, Any] = NOTHING
) -> Hunt[Pick, Step]:
    """A search of so many conversations that ends when so many causes are found; `own` are options of the profile."""
    hunt = Hunt(player_on(server, own), Budget(count, causes=causes), LIMIT)
    hunt.run(strategies.conversations(), seed)
    return hunt
