"""How servers are tested on Gradescope: what `gradescope-zip` was told, as settings.json in the zip."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from reports.checked import Checked

NAME = "settings.json"


@dataclass(frozen=True)
class Settings:
    """How each server is tested.

    Attributes:
        launch: the command that starts it, its files' paths relative to the submission.
        minutes: how long the test may take; Gradescope's own limit has to be longer.
        options: the suite's.
        memory: MiB that the server may use.
    """

    launch: str
    minutes: float = 9.0
    options: tuple[str, ...] = ()
    memory: int = 512

    def text(self) -> str:
        """The file's text."""
        return json.dumps(asdict(self), indent=1) + "\n"


def load(folder: Path) -> Settings:
    """Read the settings that are in a folder.

    Raises:
        OSError: there are none.
        ValueError: they are no JSON.
        WrongShape: a key is missing or of another type.
    """
    told = Checked(json.loads((folder / NAME).read_text(encoding="utf-8")))
    return Settings(told.text("launch"), told.number("minutes"), told.texts("options"), told.integer("memory"))
