"""What the assignment says of its servers, apart from what they say, and which of its rules the engine has to name."""

from __future__ import annotations

from conformance.cs4410.mailbox import Folder
from conformance.harness.rules import LATE, Rules
from conformance.harness.server.kind import Kind

UNGREETED = 4
"""Connects that wait for their greeting at a time; servers with an accept backlog of five hang on a sixth."""

KIND = Kind(
    port=8765,
    places=23,
    ungreeted=UNGREETED,
    reference=("reference_server", "--port {port} --time-limit {time_limit}"),
    store=Folder,
    mail_option="--mailbox DIR",
    rules=Rules(
        alive="pool.alive",
        greeting="greeting",
        answer="reply.one",
        prompt="reply.prompt",
        given_up={
            "greeting": "no greeting came",
            "pool.32": "no greeting came",
            "pool.frees": "no greeting came",
            "reply.one": "no command was answered",
            "reply.prompt": f"no reply came within {LATE:g} s",
        },
    ),
)
