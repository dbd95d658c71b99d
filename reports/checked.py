"""A JSON object that is asked for its values by key and type, and says where one is wrong."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from reports.escape import typed

_LARGEST_NUMBER = 10**15


class WrongShape(ValueError):
    """A key is missing or has the wrong type; the message is printable and says which."""


class Faults:
    """What is wrong with a document, place by place, told all at once."""

    def __init__(self) -> None:
        self._told: list[str] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Go on behind a place that is wrong, and note what is."""
        try:
            yield
        except WrongShape as fault:
            self._told.append(str(fault))

    def tell(self) -> None:
        """Raise WrongShape if anything was wrong."""
        if self._told:
            raise WrongShape("; ".join(self._told))


class Checked:
    """One object of a JSON document, and the place where it stands there."""

    def __init__(self, value: object, place: str = "") -> None:
        """Take a decoded JSON value.

        Args:
            value: what `json.loads` gave.
            place: its path in the document, for messages.

        Raises:
            WrongShape: it is no object.
        """
        if not isinstance(value, dict):
            raise WrongShape(f"{place or 'the document'} must be an object")
        self._values: dict[str, Any] = value
        self._place = place

    def __iter__(self) -> Iterator[str]:
        """Give the keys."""
        return iter(self._values)

    def only(self, *allowed: str) -> None:
        """Raise WrongShape for a key that is not allowed, which is mostly a slip of the pen."""
        for key in self:
            if key not in allowed:
                raise WrongShape(f"{self._path(key)} is no key; there are {', '.join(allowed)}")

    def text(self, key: str) -> str:
        """Give a text, or raise WrongShape."""
        value = self._get(key)
        if not isinstance(value, str):
            raise self._wrong(key, "text")
        return value

    def text_or_null(self, key: str) -> str | None:
        """Give a text or None, or raise WrongShape."""
        return None if self._get(key) is None else self.text(key)

    def word(self, key: str) -> str:
        """Give a text or a whole number as text, or raise WrongShape."""
        value = self._get(key)
        return value if isinstance(value, str) else str(self.integer(key))

    def choice(self, key: str, allowed: Sequence[str]) -> str:
        """Give a text that is one of the allowed, or raise WrongShape."""
        value = self._get(key)
        if value not in allowed:
            raise self._wrong(key, f"one of {', '.join(allowed)}")
        return str(value)

    def matching(self, key: str, pattern: re.Pattern[str], what: str) -> str:
        """Give a text that the pattern matches whole, or raise WrongShape that asks for `what`."""
        value = self.text(key)
        if not pattern.fullmatch(value):
            raise self._wrong(key, what)
        return value

    def has(self, key: str) -> bool:
        """Tell whether there is a value that is not null."""
        return self._values.get(key) is not None

    def flag(self, key: str) -> bool:
        """Give a truth value, or raise WrongShape."""
        value = self._get(key)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def number(self, key: str) -> float:
        """Give a number of sensible size (so neither NaN nor infinity), or raise WrongShape."""
        value = self._get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LARGEST_NUMBER:
            raise self._wrong(key, "a number")
        return value

    def integer(self, key: str) -> int:
        """Give a whole number, or raise WrongShape."""
        value = self.number(key)
        if not isinstance(value, int):
            raise self._wrong(key, "a whole number")
        return value

    def inner(self, key: str) -> "Checked":
        """Give an object, or raise WrongShape."""
        return Checked(self._get(key), self._path(key))

    def texts(self, key: str) -> tuple[str, ...]:
        """Give a list of texts, or raise WrongShape."""
        values = self._list(key)
        if not all(isinstance(value, str) for value in values):
            raise self._wrong(key, "a list of texts")
        return tuple(values)

    def text_or_texts(self, key: str) -> tuple[str, ...]:
        """Give a list of texts, where one may stand for itself, or raise WrongShape."""
        return (self.text(key),) if isinstance(self._get(key), str) else self.texts(key)

    def objects(self, key: str) -> "Iterator[Checked]":
        """Give a list of objects one by one, or raise WrongShape."""
        return (Checked(value, f"{self._path(key)}[{at}]") for at, value in enumerate(self._list(key)))

    def rows(self, key: str, names: Sequence[str]) -> "Iterator[Checked]":
        """Give a list of lists one by one, each as an object with these names for its places, or raise WrongShape."""
        for at, row in enumerate(self._list(key)):
            place = f"{self._path(key)}[{at}]"
            if not isinstance(row, list) or len(row) != len(names):
                raise WrongShape(f"{place} must be a list of {', '.join(names)}")
            yield Checked(dict(zip(names, row, strict=True)), place)

    def _list(self, key: str) -> list[Any]:
        value = self._get(key)
        if not isinstance(value, list):
            raise self._wrong(key, "a list")
        return value

    def _get(self, key: str) -> object:
        if key not in self._values:
            raise WrongShape(f"{self._path(key)} is missing")
        return self._values[key]

    def _path(self, key: str) -> str:
        return f"{self._place}.{typed(key)}" if self._place else typed(key)

    def _wrong(self, key: str, what: str) -> WrongShape:
        return WrongShape(f"{self._path(key)} must be {what}")
