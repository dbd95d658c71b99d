"""Mutants of the section "Server time-outs"."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, within

WAITED_FOR = ("-k", "")
"""All cases, those that wait for time-outs, too."""

MUTANTS = (
    Mutant(
        "silent-clients-closed-on-after-ten-seconds",
        "time.idle",
        [Edit("__main__.py", "PATIENCE = 310.0", "PATIENCE = 10.0")],
        options=WAITED_FOR,
    ),
    Mutant(
        "ten-seconds-after-a-sender",
        "time.idle",
        [
            within(
                "esmtp.py",
                "Esmtp._mail",
                'return b"250 2.1.0 Sender OK"',
                'self._channel._time_limit = 10.0\nreturn b"250 2.1.0 Sender OK"',
            )
        ],
        options=WAITED_FOR,
    ),
)
