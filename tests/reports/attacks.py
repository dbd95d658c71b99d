"""Texts of a server that means harm, in every place where one can stand."""

from typing import Any

ATTACKS = (
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "</style></script><script>document.title='owned'</script>",
    "'\"><svg onload=document.title='owned'>",
    "javascript:document.title='owned'",
    "{{ 7*7 }}{% for x in y %}",
    "\u202etxet\u202c \u2066\u200b\ufeff\x00\x07\x1b]0;owned\x07\x1b[2J\r\n\x9b31m",
    "A" * 200_000,
    "<" * 5_000,
)
FREE = ("title", "reason", "expected", "actual", "repeat", "rule", "line", "name", "address", "command")


def attacked(document: Any) -> Any:
    """Put an attack into every free text of a run, each in its turn."""
    turn = iter(range(10**9))

    def poison(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {inner: poison(one, inner) for inner, one in value.items()}
        if key == "transcript":
            return [[at, mark, ATTACKS[next(turn) % len(ATTACKS)]] for at, mark, _ in value]
        if isinstance(value, list):
            return [poison(one, key) for one in value]
        if isinstance(value, str) and (key in FREE or key in ("notes", "section")):
            return ATTACKS[next(turn) % len(ATTACKS)]
        if isinstance(value, str) and key in ("id", "requirements", "requirement", "blocked_by"):
            return value + ATTACKS[0]
        return value

    return poison(document)
