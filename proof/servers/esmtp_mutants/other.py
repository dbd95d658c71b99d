"""Mutants of the section "RSET, NOOP, VRFY, EXPN, HELP, QUIT, old commands"."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant
from proof.servers.esmtp_mutants.common import first, said

FORGETS = "self._forget_message()"
NOT_TOLD = 'return b"252 2.0.0 Not told here, try RCPT"'
LEAVES = "self._leaves = True"
ANNOUNCED = "VRFY is announced all the same."


def _verified(text: str) -> Edit:
    """Verify those whom the server serves.

    Args:
        text: the reply, an expression of bytes with `found[0]`, who is asked about.
    """
    return said("_vrfy", NOT_TOLD, f'if b"@reference.example" in found[0]:\n    return {text}\n{NOT_TOLD}')


def _verb(name: str, syntax: str, answer: str) -> list[Edit]:
    """Serve a verb more."""
    return [
        Edit(
            "commands.py",
            'b"RSET": (_syntax(), b"RSET"),',
            f'b"RSET": (_syntax(), b"RSET"),\n    b"{name}": ({syntax}, b"{name}"),',
        ),
        Edit("esmtp.py", '    b"RSET": Esmtp._rset,', f'    b"RSET": Esmtp._rset,\n    b"{name}": {answer},'),
    ]


SENDER = '_syntax(rb"FROM:", REVERSE_PATH, PARAMETERS)'

PLAIN = [
    Mutant("rset-gets-251", "rset.250", [said("_rset", "250 2.0.0", "251 2.0.0")]),
    Mutant("rset-closes", "rset.250", [first("_rset", LEAVES)]),
    Mutant(
        "rset-needs-a-transaction",
        "rset.250",
        [first("_rset", 'if self._client and self._reverse_path is None:\n    return b"503 5.5.1 Nothing to reset"')],
    ),
    Mutant("rset-forgets-nothing", "rset.clears", [said("_rset", FORGETS, "pass")]),
    Mutant("rset-keeps-recipients", "rset.clears", [said("_rset", FORGETS, "self._reverse_path = None")]),
    Mutant("rset-keeps-the-sender", "rset.clears", [said("_rset", FORGETS, "self._recipients = []")]),
    Mutant("rset-forgets-ehlo", "rset.keeps-ehlo", [said("_rset", FORGETS, "self._forget_client()")]),
    Mutant(
        "rset-switches-extensions-off",
        "rset.keeps-ehlo",
        [
            first("_rset", "self._plain = True"),
            first(
                "_mail",
                'if getattr(self, "_plain", False) and found["parameters"]:\n'
                '    return b"555 5.5.4 Parameter not recognized"',
            ),
            first("_ehlo", "self._plain = False"),
        ],
    ),
    Mutant("noop-gets-252", "noop.250", [said("_noop", "250 2.0.0", "252 2.0.0")]),
    Mutant(
        "noop-takes-no-word", "noop.word", [Edit("commands.py", 'b"NOOP": (_syntax(rb".*")', 'b"NOOP": (_syntax()')]
    ),
    Mutant("help-gets-250", "help.211", [said("_help", "214 2.0.0", "250 2.0.0")]),
    Mutant("quit-gets-250", "quit.221", [said("_quit", "221 2.0.0", "250 2.0.0")]),
    Mutant("quit-without-a-word", "quit.221", [said("_quit", LEAVES, "raise EOFError")]),
    Mutant(
        "quit-refused-in-a-transaction",
        "quit.221",
        [first("_quit", 'if self._recipients:\n    return b"503 5.5.1 RSET first"')],
    ),
    Mutant("stays-after-quit", "quit.closes", [said("_quit", LEAVES, "pass")]),
    Mutant(
        "quit-sends-what-there-is",
        "quit.aborts",
        [first("_quit", 'if self._recipients:\n    self._deliver(b"Subject: empty\\r\\n\\r\\n", self._recipients)')],
    ),
]
ASKING = [
    Mutant("no-vrfy", "vrfy.known", [said("_vrfy", "252 2.0.0", "502 5.5.1")], also="ehlo.true", why=ANNOUNCED),
    Mutant("vrfy-gets-500", "vrfy.known", [said("_vrfy", "252 2.0.0", "500 5.5.1")], also="ehlo.true", why=ANNOUNCED),
    Mutant("vrfy-verifies-anybody", "vrfy.honest", [said("_vrfy", NOT_TOLD, 'return b"250 2.0.0 <%b>" % found[0]')]),
    Mutant("vrfy-says-yes", "vrfy.mailbox", [_verified('b"250 2.0.0 Yes"')]),
    Mutant("vrfy-tells-without-brackets", "vrfy.mailbox", [_verified('b"250 2.0.0 " + found[0]')]),
    Mutant("vrfy-tells-a-route", "vrfy.usable", [_verified('b"250 2.0.0 <@inside.example:%b>" % found[0]')]),
    Mutant(
        "expn-unannounced",
        "expn.listed",
        [Edit("commands.py", 'b"502 5.5.1 Not implemented"', 'b"250 2.0.0 <other@reference.example>"')],
    ),
    Mutant(
        "expn-tells-names",
        "expn.form",
        [
            Edit(
                "commands.py",
                'b"502 5.5.1 Not implemented"',
                'b"250-2.0.0 Jones\\r\\n250 2.0.0 <other@reference.example>"',
            ),
            Edit("site.py", 'b"VRFY",', 'b"VRFY",\n            b"EXPN",'),
        ],
        options=("--mailing-list", "staff@reference.example"),
    ),
    Mutant(
        "expn-tells-two-in-a-line",
        "expn.form",
        [
            Edit(
                "commands.py",
                'b"502 5.5.1 Not implemented"',
                'b"250 2.0.0 <a@reference.example> <b@reference.example>"',
            ),
            Edit("site.py", 'b"VRFY",', 'b"VRFY",\n            b"EXPN",'),
        ],
        options=("--mailing-list", "staff@reference.example"),
    ),
]
OLD = [
    Mutant("send-unannounced", "old.send", _verb("SEND", SENDER, "Esmtp._mail")),
    Mutant("saml-unannounced", "old.send", _verb("SAML", SENDER, "Esmtp._mail")),
    Mutant(
        "turn-for-anybody",
        "old.turn",
        _verb("TURN", "_syntax()", "Esmtp._noop"),
        also="ehlo.complete",
        why="It works, and is not announced.",
    ),
]
MUTANTS = (*PLAIN, *ASKING, *OLD)
