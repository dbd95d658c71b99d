"""The profile of the standard: any mail server, judged by RFC 5321."""

from __future__ import annotations

import time
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
from conformance.harness.wire.connection import Reply
from conformance.profile import Profile
from conformance.rfc5321.case import Case
from conformance.rfc5321.kind import KIND
from conformance.rfc5321.message import compose
from conformance.rfc5321.tester import OPTIONS, Tester, is_local
from conformance.stores.opening import open_store
from conformance.stores.store import StoreError

MESSAGES = 150
"""How many messages a run sends at the most."""
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
        waived(own["waive"], self._rules())
        for name in ("recipient", "bad_recipient", "relay_recipient", "sender"):
            for address in own[name] if isinstance(own[name], list | tuple) else [own[name]]:
                if address and ("@" not in address or set(address) & set("<> \t\r\n")):
                    raise UsageError(f"--{name.replace('_', '-')} {address}: write user@domain, without brackets")
        if own["store"]:
            try:
                open_store(own["store"]).close()
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

    def _rules(self) -> Ledger:
        return ledger.load(*(Path(__file__).with_name(name) for name in LEDGERS))

    def ledger(self, own: Mapping[str, Any]) -> Ledger:
        """The requirements; what the tester waives is only noted."""
        rules = self._rules()
        for id, reason in waived(own["waive"], rules).items():
            rules[id] = replace(rules[id], level="NOTE", rule=f"{rules[id].rule} Waived: {reason}")
        return rules

    def facts(self, own: Mapping[str, Any]) -> Mapping[str, str]:
        """What the server was judged as."""
        return {"role": own["role"], "public": "yes" if own["public"] else "no"}

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
        except (OSError, ValueError) as error:
            raise UsageError(f"--waive {one}: write ID=REASON, or FILE.toml with such pairs ({error})") from None
    for id, reason in found.items():
        if id not in rules or not isinstance(reason, str) or not reason.strip():
            raise UsageError(f"--waive {id}: " + ("give the reason" if id in rules else "no such requirement"))
    return found


class FirstLook:
    """The first conversation with a server: who it is, and whose mail it takes.

    Args:
        look: the conversation.
    """

    def __init__(self, look: Look) -> None:
        self._look = look
        self._tester = Tester.of(look.settings)
        literal = f"[IPv6:{look.own_address}]" if ":" in look.own_address else f"[{look.own_address}]"
        look.learned["client name"] = self._tester.client_name or literal

    def hold(self) -> None:
        """Learn what there is to learn.

        Raises:
            WireError: the server does not go along.
            UsageError: it is a server of the assignment.
        """
        look = self._look
        greeting = look.greeting()
        look.greeted = greeting is not None and greeting.code.startswith("2")
        if greeting is None or not look.greeted:
            return
        if "CS4410MP3" in greeting.text:
            raise UsageError("this looks like a server of the assignment: try --profile cs4410")
        names = [_first_word(greeting), self._hello()]
        domain = next((one.rpartition("@")[2] for one in self._tester.recipients), names[1] or names[0])
        if self._sender(domain) and self._recipient(names):
            self._deliver()
        look.say(b"QUIT\r\n")

    def _say(self, line: str) -> Reply:
        return self._look.say(line.encode("latin-1") + b"\r\n")

    def _hello(self) -> str:
        learned = self._look.learned
        for verb in ("EHLO", "HELO"):
            reply = self._say(f"{verb} {learned['client name']}")
            if reply.code.startswith("2"):
                learned["hello"] = verb
                learned["announced"] = "\n".join(line.text for line in reply.lines[1:])
                learned["name"] = _first_word(reply)
                return learned["name"]
        return ""

    def _sender(self, domain: str) -> bool:
        own, learned = self._tester.sender, self._look.learned
        for sender in [own] if own else [f"probe@{domain}", "", "probe@conformance.example"]:
            reply = self._say(f"MAIL FROM:<{sender}>")
            if reply.code.startswith("2"):
                learned["sender"] = sender
                return True
            learned["no sender"] = reply.text.strip()[:100]
        return False

    def _recipient(self, names: list[str]) -> bool:
        learned, tester = self._look.learned, self._tester
        guessed = dict.fromkeys([*(f"postmaster@{name}" for name in reversed(names) if name), "Postmaster"])
        for recipient in tester.recipients or guessed:
            reply = self._say(f"RCPT TO:<{recipient}>")
            if reply.code.startswith("4") and not tester.local:
                time.sleep(tester.grey_time)  # a greylist takes the same envelope later
                reply = self._say(f"RCPT TO:<{recipient}>")
            if reply.code.startswith("2"):
                learned["recipient"] = recipient
                return True
            learned["no recipient"] = f"RCPT TO:<{recipient}> is answered {reply.text.strip()[:100]}"
        return False

    def _deliver(self) -> None:
        look, learned = self._look, self._look.learned
        if not self._say("DATA").code.startswith("3"):
            return
        message = compose(look.words, learned["sender"], learned["recipient"])
        message = message.with_fields(("X-Conformance-Probe", look.mark))
        with look.delivering():
            reply = look.say(message.data)
        look.delivered = reply.code.startswith("2")
        if look.delivered:
            learned["delivered"] = "yes"


def _first_word(reply: Reply) -> str:
    return reply.lines[0].text.split(" ")[0]


PROFILE = RFC5321()
