"""Mutants of the section "Commands": the order that commands must come in, and what an error leaves behind."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, begun, within
from proof.servers.shared import answered


def ended_by_error(number: int) -> list[Edit]:
    """End the session with its error of this number."""
    return [
        begun("session.py", "Session.run", "errors = 0"),
        answered(
            f"""
            self._reply(answer)
            errors += answer.startswith(b"5")
            if errors == {number}:
                self._channel._send_replies()
                return
            """
        ),
    ]


NEED = "return self._out_of_order()"
ORDER = [
    Mutant(
        "mail-before-helo-accepted",
        "order.mail",
        [within("session.py", "Session._mail", NEED, "pass")],
    ),
    Mutant(
        "rcpt-before-mail-accepted",
        "order.rcpt",
        [within("session.py", "Session._rcpt", "if not self._reverse_path:", "if not self._host:")],
    ),
    Mutant(
        "data-before-rcpt-accepted",
        "order.data",
        [within("session.py", "Session._data", "if not self._recipients:", "if not self._reverse_path:")],
    ),
    Mutant(
        "need-errors-name-no-command",
        "order.words",
        [Edit("session.py", 'b"503 Error: need %b command" % missing', 'b"503 Error: bad sequence of commands"')],
    ),
    Mutant(
        "rcpt-before-mail-kept",
        "order.no-trace",
        [within("session.py", "Session._rcpt", NEED, f"self._recipients.append(address)\n{NEED}")],
    ),
    Mutant(
        "mail-before-helo-kept",
        "order.no-trace",
        [within("session.py", "Session._mail", NEED, f"self._reverse_path = address\n{NEED}")],
    ),
]

RECOVERY = [
    Mutant(
        "any-error-ends-the-session",
        "recover recover.many",
        [
            answered(
                """
                self._reply(answer)
                if answer.startswith(b"5"):
                    self._channel._send_replies()
                    return
                """
            )
        ],
    ),
    Mutant(
        "third-error-ends-the-session",
        "recover recover.many",
        ended_by_error(3),
    ),
    Mutant(
        "tenth-error-ends-the-session",
        "recover.many",
        ended_by_error(10),
    ),
    Mutant(
        "any-error-forgets-the-message",
        "recover",
        [answered('self._reply(answer)\nif answer.startswith(b"5"):\n    self._forget_message()')],
    ),
    Mutant(
        "any-error-forgets-the-session",
        "recover",
        [
            answered(
                """
                self._reply(answer)
                if answer.startswith(b"5"):
                    self._host = b""
                    self._forget_message()
                """
            )
        ],
    ),
    Mutant(
        "nested-mail-forgets-the-recipients",
        "recover",
        [
            within(
                "session.py",
                "Session._mail",
                'return b"503 5.5.1 Error: nested MAIL command"',
                'self._recipients = []\nreturn b"503 5.5.1 Error: nested MAIL command"',
            )
        ],
    ),
    Mutant(
        "syntax-error-in-rcpt-forgets-the-recipients",
        "recover",
        [answered('self._reply(answer)\nif answer.startswith(b"501 Syntax: RCPT"):\n    self._recipients = []')],
    ),
]

MUTANTS = ORDER + RECOVERY
