"""Mutants of the section "Order and state"."""

from __future__ import annotations

from proof.servers.edit import Mutant
from proof.servers.esmtp_mutants.common import RECIPIENT_KEPT, SENDER_KEPT, first, said

FORGETS = "self._forget_message()"
QUESTIONS = '(b"NOOP", b"RSET", b"VRFY", b"HELP")'

MUTANTS = (
    Mutant("early-data-gets-501", "order.503", [said("_data", "503 5.5.1 RCPT first", "501 5.5.1 RCPT first")]),
    Mutant("early-sender-gets-550", "order.503", [said("_mail", "503 5.5.1 EHLO first", "550 5.5.1 EHLO first")]),
    Mutant("second-sender-gets-501", "order.503", [said("_mail", "503 5.5.1 There is", "501 5.5.1 There is")]),
    Mutant(
        "nothing-before-ehlo",
        "order.before-ehlo",
        [
            first(
                "_answer",
                f'if not self._client and line[:4].upper() in {QUESTIONS}:\n    return b"503 5.5.1 EHLO first"',
            )
        ],
    ),
    Mutant(
        "no-rset-before-ehlo",
        "order.before-ehlo",
        [first("_rset", 'if not self._client:\n    return b"503 5.5.1 EHLO first"')],
    ),
    Mutant("noop-resets", "order.neutral", [first("_noop", FORGETS)]),
    Mutant("vrfy-drops-recipients", "order.neutral", [first("_vrfy", "self._recipients = []")]),
    Mutant("help-ends-a-transaction", "order.neutral", [first("_help", "self._reverse_path = None")]),
    Mutant(
        "no-question-within-a-transaction",
        "order.neutral",
        [
            first(
                "_vrfy",
                'if self._recipients:\n    self._forget_message()\n    return b"503 5.5.1 Within a transaction"',
            )
        ],
    ),
    Mutant(
        "unknown-verb-resets",
        "order.error-keeps",
        [first("_answer", f"if not line.upper().startswith(tuple(self._answers())):\n    {FORGETS}")],
        also="order.neutral",
        why="EXPN is unknown to it.",
    ),
    Mutant(
        "data-with-an-argument-drops-recipients",
        "order.error-keeps",
        [first("_answer", 'if line.upper().startswith(b"DATA "):\n    self._recipients = []')],
        also="cmd.trailing-space",
        why="A blank behind DATA is an argument to it.",
    ),
    Mutant(
        "syntax-error-resets", "order.error-keeps", [first("_answer", f'if line.upper() == b"VRFY":\n    {FORGETS}')]
    ),
    Mutant(
        "refused-rset-resets", "order.error-keeps", [first("_answer", f'if line.upper() == b"RSET X":\n    {FORGETS}')]
    ),
    Mutant(
        "two-messages-a-session",
        "order.messages",
        [
            said(
                "_mail",
                SENDER_KEPT,
                'self._count = getattr(self, "_count", 0) + 1\n'
                "if self._count > 2:\n"
                '    return b"503 5.5.1 Enough"\n'
                f"{SENDER_KEPT}",
            )
        ],
    ),
    Mutant(
        "third-message-closes",
        "close.error order.messages",
        [first("_end", 'self._count = getattr(self, "_count", 0) + 1\nif self._count > 2:\n    raise EOFError')],
    ),
    Mutant(
        "recipients-kept-for-the-next-message",
        "order.no-carry",
        [said("_end", FORGETS, "self._reverse_path = None\nself._chunks = None")],
    ),
    Mutant(
        "one-sender-for-all-sessions",
        "state.own",
        [
            said("_mail", SENDER_KEPT, f"{SENDER_KEPT}\nEsmtp._last = self._reverse_path"),
            said("_deliver", 'self._reverse_path or b""', "Esmtp._last"),
        ],
    ),
    Mutant(
        "one-list-of-recipients-for-all-sessions",
        "state.own",
        [
            said("_rcpt", RECIPIENT_KEPT, f"{RECIPIENT_KEPT}\nEsmtp._last = self._recipients"),
            said("_end", "dict.fromkeys(self._recipients)", 'dict.fromkeys(getattr(Esmtp, "_last", ()))'),
        ],
    ),
)
