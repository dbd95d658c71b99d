"""Faulty servers for multiclient: mutants and hostile servers of `proof`, and faults that many operations bring out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from proof.run import launched
from proof.servers import hostile
from proof.servers.edit import Mutant, Server, begun, build, headed
from proof.servers.mutants import MUTANTS


def counting(name: str, breaks: str, function: str, when: str, code: str) -> Mutant:
    """A server in which something else is done when the number of a function's `call` is a certain one."""
    file = "mailbox.py" if function.startswith("Mailbox.") else "session.py"
    head = headed(file, "import time\nfrom itertools import count\ncalls = count(1)\n")
    return Mutant(name, breaks, [head, begun(file, function, f"call = next(calls)\nif {when}:\n    {code}")])


SIXTIETH = "call % 60 == 0"
OTHERS = 'message.recipients = [*message.recipients, b"somebody@else.example"]'
COUNTING = [
    counting("each-60th-message-lost", "mailbox.whole", "Mailbox._append", SIXTIETH, "return"),
    counting("each-60th-message-twice", "numbers", "Mailbox.deliver", SIXTIETH, "self.deliver(message)"),
    counting("each-60th-message-to-somebody-else", "mailbox.whole", "Mailbox.deliver", SIXTIETH, OTHERS),
    counting("mute-after-2000-lines", "pool.alive", "Session._answer", "call > 2_000", "time.sleep(3600)"),
]
ALL: Sequence[Server] = (*MUTANTS, *hostile.NEVER_GREET, *hostile.GREET, *COUNTING)
SERVERS = {server.name: server for server in ALL}


def faulty(name: str, folder: Path) -> str:
    """The command of a server with a fault, which is built in the folder."""
    return launched(build(SERVERS[name], folder))[1]
