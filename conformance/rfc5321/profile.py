"""The profile of the standard: any mail server, judged by RFC 5321."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.harness.client.scene import Scene
from conformance.harness.server.look import Look
from conformance.harness.settings import Settings, UsageError
from conformance.harness.verdict import ledger
from conformance.harness.verdict.ledger import Ledger
from conformance.profile import Profile
from conformance.rfc5321 import pace
from conformance.rfc5321.case import Case
from conformance.rfc5321.first_look import FirstLook
from conformance.rfc5321.kind import KIND, Place
from conformance.rfc5321.tester import OPTIONS, Tester, is_local
from conformance.stores.opening import open_store
from conformance.stores.store import StoreError

MESSAGES, CASES, CONNECTIONS_A_CASE = 350, 785, 1.2
"""How many messages a run sends at the most, in how many cases, and how often one connects."""
NOT_OF_LMTP = ("vrfy.", "expn.", "help.", "rcpt.postmaster")
"""Requirements, by the begin of their ids, that a server of LMTP need not know of."""
LMTP = "python -m reference_server --protocol lmtp --port {port}"
"""A server of LMTP, to have one at all."""
LEDGERS = ("requirements.toml", "extensions.toml")
"""Where the rules stand, in their order."""


class RFC5321(Profile):
    """RFC 5321, for servers."""

    name = "rfc5321"
    package = "conformance.rfc5321"
    kind = KIND
    time_limit = 10.0
    options = OPTIONS

    def check(self, settings: Settings) -> None:
        """Refuse what cannot be, and another host that the tester does not say may be tested.

        Raises:
            UsageError: an option has no sense, or the target is another host.
        """
        own = settings.own
        if own["role"] == "lmtp" and not settings.target and not settings.launch:
            raise UsageError(f"--role lmtp: the usual server speaks SMTP; --target, or --launch '{LMTP}'")
        waived(own["waive"], self._rules())
        for name in ("recipient", "bad_recipient", "relay_recipient", "mailing_list", "sender"):
            for address in own[name] if isinstance(own[name], list | tuple) else [own[name]]:
                if address and ("@" not in address or set(address) & set("<> \t\r\n")):
                    raise UsageError(f"--{name.replace('_', '-')} {address}: write user@domain, without brackets")
        if own["store"]:
            try:
                open_store(own["store"], own["final"]).close()
            except StoreError as error:
                raise UsageError(f"--store {error}") from None
        if own["messages_per_minute"] < 1 or own["grey_time"] < 0:
            raise UsageError("--messages-per-minute and --grey-time: give numbers above 0")
        if settings.target and not is_local(settings.target) and not own["i_may_test_this_host"]:
            to = ", ".join(own["recipient"]) or "the postmaster of the names that it gives itself"
            raise UsageError(
                f"--target {settings.target} is another host: up to {MESSAGES} messages would go to {to}, "
                f"{own['messages_per_minute']} a minute, beside hundreds of odd commands; if you may do that, add "
                "--i-may-test-this-host"
            )

    def by_one_process(self, settings: Settings) -> bool:
        """Another host is met by one process, which can keep its pace."""
        return settings.target is not None and not is_local(settings.target)

    def seconds_a_case(self, settings: Settings) -> float:
        """The pace of connections and of messages, towards a server that the suite did not start."""
        tester = Tester.of(settings)
        if tester.launched:
            return 0.0
        connecting = CONNECTIONS_A_CASE / pace.CONNECTIONS["near" if tester.local else "far"]
        return connecting + (0.0 if tester.local else MESSAGES / CASES * 60 / tester.messages_per_minute)

    def _rules(self) -> Ledger:
        return ledger.load(*(Path(__file__).with_name(name) for name in LEDGERS))

    def ledger(self, own: Mapping[str, Any]) -> Ledger:
        """The requirements; what the tester waives is only noted, and what LMTP does not ask for."""
        rules = self._rules()
        if own["role"] == "lmtp":
            rules |= {id: replace(rule, level="NOTE") for id, rule in rules.items() if id.startswith(NOT_OF_LMTP)}
        for id, reason in waived(own["waive"], rules).items():
            rules[id] = replace(rules[id], level="NOTE", rule=f"{rules[id].rule} Waived: {reason}", waived=reason)
        return rules

    def facts(self, own: Mapping[str, Any]) -> Mapping[str, str]:
        """What the server was judged as."""
        return {"role": own["role"], "public": "yes" if own["public"] else "no"}

    def mail(self, settings: Settings) -> Place | None:
        """What `--store` names."""
        spec = settings.own["store"]
        return Place(spec, spec) if spec else None

    def look(self, look: Look) -> None:
        """Find out a recipient and a sender that the server takes, and have a message delivered.

        Raises:
            WireError: the server does not go along.
            UsageError: it is a server of the assignment.
        """
        FirstLook(look).hold()

    def case(self, scene: Scene) -> Case:
        """A case with clients and a store of mail."""
        return Case(scene)


def waived(said: tuple[str, ...], rules: Ledger) -> dict[str, str]:
    """The requirements that the tester waives, with the reasons.

    Args:
        said: `ID=REASON`, or the path of a TOML file of such pairs.
        rules: the requirements.

    Raises:
        UsageError: one is none, or has no reason, or the file cannot be read.
    """
    found: dict[str, str] = {}
    for one in said:
        try:
            file = one.endswith(".toml")
            found |= tomllib.loads(Path(one).read_text("utf-8")) if file else dict([one.split("=", 1)])
        except (OSError, ValueError):
            raise UsageError(f"--waive {one}: write ID=REASON, or FILE.toml with such pairs") from None
    for id, reason in found.items():
        if id not in rules or not isinstance(reason, str) or not reason.strip():
            raise UsageError(f"--waive {id}: " + ("give the reason" if id in rules else "no such requirement"))
    return found


PROFILE = RFC5321()
