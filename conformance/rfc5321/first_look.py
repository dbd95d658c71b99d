"""The first conversation with a server: who it is, what it announces, and whose mail it takes."""

from __future__ import annotations

import time

from conformance.harness.server.look import Look
from conformance.harness.settings import UsageError
from conformance.harness.wire import tls
from conformance.harness.wire.connection import Silent, WireError
from conformance.harness.wire.reply import Reply
from conformance.rfc5321.login import encoded, plain_response
from conformance.rfc5321.message import compose
from conformance.rfc5321.tester import Tester


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
            UsageError: it is a server of the assignment, or begins or offers TLS otherwise than was said.
        """
        look, tester = self._look, self._tester
        if tester.tls == "implicit":
            self._begin_tls()
        greeting = self._greeting()
        look.greeted = greeting is not None and greeting.code == "220"
        if greeting is None or not look.greeted:
            return
        if "CS4410MP3" in greeting.text:
            raise UsageError("this looks like a server of the assignment: try --profile cs4410")
        if "LMTP" in greeting.text and tester.role != "lmtp":
            raise UsageError("this looks like an LMTP server: add --role lmtp")
        names = [_first_word(greeting), self._hello()]
        if tester.tls == "starttls":
            if names[1] and "STARTTLS" not in self._announced():
                raise UsageError("--tls starttls: the server does not announce it; without that all is judged in clear")
            if self._say("STARTTLS").code == "220":
                self._begin_tls()
                names[1] = self._hello()
        submits = tester.role == "submission" and self._log_in()
        domain = next((one.rpartition("@")[2] for one in self._tester.recipients), names[1] or names[0])
        taken = self._sender(domain) and self._recipient(names)
        if not taken and not submits and self._log_in():
            taken = self._sender(domain) and self._recipient(names)
            submits = taken
        if submits:
            look.learned["needs login"] = "yes"
        if taken:
            self._deliver()
        if not submits:
            self._log_in()
        look.say(b"QUIT\r\n")

    def _greeting(self) -> Reply | None:
        try:
            return self._look.greeting()
        except Silent:
            # Another host may only be slow, and would take it ill that a client speaks first.
            if self._tester.tls != "implicit" and self._tester.local and self._begins_with_tls():
                raise UsageError("this server begins with TLS: add --tls implicit") from None
            raise

    def _begins_with_tls(self) -> bool:
        try:
            self._look.begin_tls(tls.context(), None)
        except WireError:
            return False
        return True

    def _begin_tls(self) -> None:
        try:
            self._look.begin_tls(tls.context(self._tester.verify), self._tester.host)
        except tls.Untrusted as error:
            raise UsageError(f"--verify: {error}; without that option the protocol alone is judged") from None

    def _say(self, line: str) -> Reply:
        return self._look.say(line.encode("latin-1") + b"\r\n")

    def _log_in(self) -> bool:
        """Log in, outside a transaction, by a mechanism that is offered; whether that was taken is learned, too."""
        user, learned = self._tester.user, self._look.learned
        if not user or "logged in" in learned:
            return False
        offered = self._announced().get("AUTH", [])
        self._say("RSET")
        code = ""
        if "PLAIN" in offered:
            response = plain_response(user, self._tester.password)
            code = self._say(f"AUTH PLAIN {response}").code
            if code == "334":  # what came with the command was overlooked, which auth.235 judges
                code = self._say(response).code
        if (
            not code.startswith("2")
            and "LOGIN" in offered
            and self._say("AUTH LOGIN").code == "334"
            and self._say(encoded(user)).code == "334"
        ):
            code = self._say(encoded(self._tester.password)).code
        if offered:
            learned["logged in"] = "yes" if code.startswith("2") else ""
        return code.startswith("2")

    def _hello(self) -> str:
        learned = self._look.learned
        for verb in ("LHLO",) if self._tester.role == "lmtp" else ("EHLO", "HELO"):
            reply = self._say(f"{verb} {learned['client name']}")
            if reply.code.startswith("2"):
                learned["hello"] = verb
                learned["announced"] = "\n".join(line.text for line in reply.lines[1:])
                learned["name"] = _first_word(reply)
                return learned["name"]
        return ""

    def _announced(self) -> dict[str, list[str]]:
        """The parameters of each keyword, in upper case."""
        rows = map(str.split, self._look.learned.get("announced", "").upper().splitlines())
        return {keyword: parameters for keyword, *parameters in filter(None, rows)}

    def _sender(self, domain: str) -> bool:
        own, learned = self._tester.sender, self._look.learned
        for sender in [own] if own else [f"probe@{domain}", "", "probe@conformance.example"]:
            reply = self._ask(f"MAIL FROM:<{sender}>")
            if reply.code.startswith("2"):
                learned["sender"] = sender
                return True
            learned["no sender"] = reply.text.strip()[:100]
        return False

    def _recipient(self, names: list[str]) -> bool:
        learned, tester = self._look.learned, self._tester
        guessed = dict.fromkeys([*(f"postmaster@{name}" for name in reversed(names) if name), "Postmaster"])
        for recipient in tester.recipients or guessed:
            reply = self._ask(f"RCPT TO:<{recipient}>")
            if reply.code.startswith("2"):
                learned["recipient"] = recipient
                return True
            later = "; --grey-time SECONDS asks once more" * (reply.code[:1] == "4" and not tester.grey_time)
            learned["no recipient"] = f"RCPT TO:<{recipient}> is answered {reply.text.strip()[:100]}{later}"
        return False

    def _deliver(self) -> None:
        look, learned = self._look, self._look.learned
        message = compose(look.words, learned["sender"], learned["recipient"])
        message = message.with_fields(("X-Conformance-Probe", look.mark))
        reply = self._send(message.data)
        if self._wait_out(reply):
            self._say(f"MAIL FROM:<{learned['sender']}>")
            self._say(f"RCPT TO:<{learned['recipient']}>")
            reply = self._send(message.data)
        look.delivered = reply.code.startswith("2")
        if look.delivered:
            learned["delivered"] = "yes"

    def _send(self, data: bytes) -> Reply:
        """Send a message to those who were named, and return the reply to it, or to DATA where that is refused."""
        reply = self._say("DATA")
        if reply.code.startswith("3"):
            with self._look.delivering():
                reply = self._look.say(data)
        return reply

    def _ask(self, line: str) -> Reply:
        """Say a command of an envelope, once more where it is refused for now."""
        reply = self._say(line)
        return self._say(line) if self._wait_out(reply) else reply

    def _wait_out(self, reply: Reply) -> bool:
        """Let the time of a greylist pass where something is refused for now; whether to ask once more."""
        grey = reply.code.startswith("4") and reply.code != "421" and self._tester.grey_time > 0
        if grey:
            time.sleep(self._tester.grey_time)
        return grey


def _first_word(reply: Reply) -> str:
    return reply.lines[0].text.split(" ")[0]
