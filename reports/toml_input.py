"""Reading what graders write, rosters and rubrics: TOML whose mistakes are told in one line."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from reports.checked import WrongShape
from reports.escape import sentence, typed
from reports.results import ResultsError

Read = TypeVar("Read")
_LARGEST = 1 << 22


def read(path: Path, what: str, advice: str, shape: Callable[[dict[str, Any]], Read]) -> Read:
    """Read a TOML file and check it.

    Args:
        path: the file.
        what: what it is, for messages.
        advice: where one can be seen, for messages.
        shape: makes of the document what is wanted, or raises WrongShape.

    Raises:
        ResultsError: it cannot be read, is no TOML, or has a wrong key or value; the message says which.
    """
    name = typed(str(path))
    try:
        with path.open("rb") as file:
            document = tomllib.loads(file.read(_LARGEST).decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ResultsError(f"cannot read the {what} {name}: {sentence(str(why))}; {advice}") from None
    try:
        return shape(document)
    except WrongShape as error:
        raise ResultsError(f"the {what} {name}: {error}; {advice}") from None
