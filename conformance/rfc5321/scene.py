"""A case on a mail server before anybody is connected: whom it writes to, and what a reply says of a requirement."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable

from conformance.harness.client.scene import Connected, Scene
from conformance.harness.verdict.verdict import Blocked, Broken, Skipped
from conformance.harness.wire.reply import Reply
from conformance.rfc5321 import codes
from conformance.rfc5321.codes import Sense
from conformance.rfc5321.login import secrets
from conformance.rfc5321.pace import Pace
from conformance.rfc5321.tester import Tester

ANNOUNCES = "EHLO announces {}"
"""What fails where an extension is not announced."""
FAR = 30.0
"""Seconds that another host is given for a reply, whatever was learned of it."""
PACE = Pace()
"""Of all that this process does to the server."""
FAILED_LOGINS = 10
"""Logins that may fail in a run against another host."""


class MailScene(Scene):
    """A scene of the standard.

    Args:
        scene: the case on the server.

    Attributes:
        tester: what the tester gives.
        main: the requirement that the case is about.
    """

    def __init__(self, scene: Scene) -> None:
        super().__init__(*scene.given)
        self.tester = Tester.of(scene.settings)
        self.pacing = PACE
        if self.tester.user:
            self.conceal(self.tester.password)
        self.main = scene.record.requirements[0]

    @property
    def recipient(self) -> str:
        """An address that the server takes mail for.

        Raises:
            Skipped: none is known.
        """
        if found := self.learned.get("recipient"):
            return found
        raise Skipped(f"no recipient: {self.learned.get('no recipient', 'name one with --recipient')}")

    @property
    def domain(self) -> str:
        """The recipient's domain.

        Raises:
            Skipped: the recipient is known without one, as `Postmaster`.
        """
        _, at, domain = self.recipient.rpartition("@")
        if at:
            return domain
        raise Skipped(f"no domain: the recipient is <{self.recipient}> alone, name one with --recipient")

    @property
    def sender(self) -> str:
        """A reverse-path that the server takes, without its brackets.

        Raises:
            Skipped: none is known.
        """
        if "sender" in self.learned:
            return self.learned["sender"]
        raise Skipped(f"no sender: {self.learned.get('no sender', 'name one with --sender')}")

    @property
    def sender_domain(self) -> str:
        """A domain from which the server takes mail, as far as one is known."""
        return self.sender.rpartition("@")[2] or "conformance.example"

    @property
    def bad_recipient(self) -> str:
        """An address in a served domain that does not exist.

        Raises:
            Skipped: the tester gives none.
        """
        if self.tester.bad_recipient:
            return self.tester.bad_recipient
        raise Skipped("not given: name --bad-recipient")

    @property
    def foreign_recipient(self) -> str:
        """An address in a domain that is not served.

        Raises:
            Skipped: the tester gives none.
        """
        if self.tester.relay_recipient:
            return self.tester.relay_recipient
        raise Skipped("not given: name --relay-recipient")

    @property
    def client_name(self) -> str:
        """What the client calls itself; nothing is learned of where a server ended the first connection at once."""
        return self.learned.get("client name") or self.tester.client_name or "[127.0.0.1]"

    def call_clients(self, name: str) -> None:
        """Have clients of this case that have only their address for a name call themselves otherwise."""
        if self.client_name.startswith("["):
            self.learned = {**self.learned, "client name": name}

    def conceal(self, password: str) -> None:
        """Have a password, and what a login makes of it, told nowhere, whoever says it."""
        forms = {*self.record.transcript.secrets, *secrets(self.tester.user or "", password)}
        self.record.transcript.secrets = tuple(sorted(forms, key=len, reverse=True))

    def may_fail_to_log_in(self) -> None:
        """Ask for leave to fail a login once: some servers ban an address for more of that than a few.

        Raises:
            Skipped: it is another host, and enough have failed.
        """
        if not self.tester.local and not self.pacing.allows("failed logins", FAILED_LOGINS):
            raise Skipped(f"manners: {FAILED_LOGINS} logins have failed, and no more are tried")

    @property
    def needs_login(self) -> bool:
        """Whether a client logs in before it sends mail: the server is one of submission, or has asked for that."""
        return bool(self.tester.user) and "needs login" in self.learned

    def expect_announced(self, *keywords: str) -> None:
        """Spare a server a connection that asks for what it is known not to have.

        Args:
            keywords: of extensions, in upper case.

        Raises:
            Skipped: one was announced neither at the first look nor in a session since, or in none of three.
        """
        for keyword in keywords:
            if self.patience.given_up(ANNOUNCES.format(keyword)):
                raise Skipped(f"not announced: {keyword}")

    def note_announced(self, keyword: str, is_there: bool) -> None:
        """Told whether an extension was announced in a session."""
        rule, first = ANNOUNCES.format(keyword), self.learned.get("announced")
        if first is not None and keyword not in first.upper().split():
            self.patience.doubt(rule)
        self.patience.record_setup(rule, is_there)

    @property
    def patient(self) -> float:
        """Seconds that a reply is waited for before anything is concluded from silence."""
        if self.tester.patient:
            return 300.0
        learned = self.patience.patience()
        return learned if self.tester.local else max(FAR, learned)

    @property
    def is_stranger(self) -> bool:
        """Whether the server treats this client as it would anyone: the tester says so, or its address is public."""
        return self.tester.stranger or ipaddress.ip_address(self.server.address[0]).is_global

    def warn(
        self,
        reason: str,
        expected: str,
        actual: str,
        requirement: str = "",
        about: Iterable[Connected] = (),
    ) -> None:
        """Record a breach that only warns, whatever the requirement's level; the case goes on."""
        numbers = [one.connection for one in about]
        self.record.find(requirement or self.main, reason, expected, actual, numbers, "warn")

    def beside(
        self, requirement: str, reason: str, expected: str, actual: str, about: Iterable[Connected]
    ) -> Broken | Blocked:
        """What to raise for a breach that can only be another requirement's, which finds it nevertheless."""
        if not self.judges(requirement):
            self.record.requirements = (*self.record.requirements, requirement)
        return self.breach(requirement, reason, expected, actual, about=about)

    def expect_accepted(
        self,
        reply: Reply,
        said: str,
        about: Iterable[Connected],
        requirement: str = "",
        also: Collection[str] = (),
        base: str = "",
    ) -> None:
        """Judge that what is written well is not refused for how it is written.

        Args:
            reply: what came.
            said: what was sent, for the report.
            about: the client.
            requirement: what it judges, the main one if nothing is said.
            also: further codes that say the same of it as a syntax refusal.
            base: the requirement that judges the same command in its plainest form.

        Raises:
            Broken: it is refused for its syntax or its order.
            Skipped: it is refused by policy, or for now.
        """
        meaning = codes.sense(reply)
        if meaning in (Sense.ACCEPTED, Sense.INTERMEDIATE):
            return
        if meaning in (Sense.SYNTAX, Sense.ORDER, Sense.NOTHING) or reply.code in also:
            wanted = "accepted, or refused by policy (4yz, or 5yz but 500-504, 555)"
            rule = codes.fault(reply) or requirement or self.main
            raise self.breach(rule, f"{said} is refused", wanted, reply.text, base, about)
        raise Skipped(f"{meaning.value}: {said} is answered {shown(reply)}")

    def expect_refused(self, reply: Reply, said: str, about: Iterable[Connected], requirement: str = "") -> None:
        """Judge that something is refused, with whatever code.

        Raises:
            Broken: it is accepted.
            Skipped: the server leaves.
        """
        if reply.code == "421":
            raise Skipped(f"the server leaves: {said} is answered {shown(reply)}")
        if not codes.refused(reply):
            why = f"{said} is not refused"
            rule = codes.fault(reply) or requirement or self.main
            raise self.breach(rule, why, "4yz or 5yz", reply.text, about=about)

    def expect_taken(self, reply: Reply, said: str, about: Iterable[Connected], requirement: str = "") -> None:
        """Judge the reply to the end of data of a message that is to be taken as any other.

        Raises:
            Broken: it is refused for good, without naming policy as the reason, though the plain message was taken.
            Skipped: it is refused for now, or by policy, or as the plain message was.
        """
        if reply.code.startswith("2"):
            return
        final = reply.code.startswith("5") and not codes.by_policy(reply)
        if not final or not self.learned.get("delivered"):
            raise Skipped(f"content: {said} is answered {shown(reply)}")
        raise self.breach(requirement or self.main, f"{said} is refused", "2yz, as plain mail", reply.text, about=about)


def shown(reply: Reply) -> str:
    """A reply in the middle of a reason."""
    return reply.text[:100].replace("\r\n", " / ").encode("unicode_escape").decode("ascii")
