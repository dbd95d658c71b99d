"""Mutants of the section "Connection and greeting"."""

from __future__ import annotations

from proof.servers.edit import Mutant
from proof.servers.esmtp_mutants.common import greeted, said

GREETING = 'self._channel.reply(b"220 %b %b ready" % (self._site.domain, self.KIND))'

MUTANTS = (
    Mutant("client-has-to-speak-first", "greet.first", [said("run", GREETING, "pass")]),
    Mutant("greeting-is-250", "greet.code", [greeted('b"250 %b %b ready" % (self._site.domain, self.KIND)')]),
    Mutant("name-of-greeting-in-brackets", "greet.name", [greeted('b"220 <%b> ready" % self._site.domain')]),
    Mutant("greeting-without-a-name", "greet.name", [greeted('b"220 *** ready"')]),
    Mutant("greeting-says-welcome-first", "greet.fqdn", [greeted('b"220 Welcome to %b" % self._site.domain')]),
    Mutant("greeting-of-one-label", "greet.fqdn", [greeted('b"220 mail ESMTP"')]),
    Mutant("greeting-names-an-address", "greet.fqdn", [greeted('b"220 %b ESMTP" % self._server')]),
    Mutant(
        "closes-after-its-554-greeting",
        "greet.554-waits",
        [said("run", GREETING, 'return self._channel.last_reply(b"554 No service here")')],
    ),
    Mutant("serves-after-its-554-greeting", "greet.554-waits", [greeted('b"554 No service here"')]),
)
