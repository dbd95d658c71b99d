"""What there is to know of a real server: where it comes from, how it is set up, and where its mail goes."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

DOMAIN = "local.test"
"""All servers take mail for it, and for nothing else."""
RECIPIENT = f"probe@{DOMAIN}"
UNKNOWN = f"unknown@{DOMAIN}"
"""Whom those servers do not know that can be told whom they know."""
ELSEWHERE = "elsewhere@example.org"
"""Whose mail none of them sends on, whether or not it takes it."""
INSTALLED = "installed.toml"


@dataclass(frozen=True)
class Place:
    """Where a server is started.

    Attributes:
        name: of the server.
        home: where it is installed.
        folder: what it may write, all of it under here, and new for each start.
        port: on loopback.
    """

    name: str
    home: Path
    folder: Path
    port: int

    @property
    def mail(self) -> Path:
        """The folder of the delivered mail."""
        return self.folder / "mail"

    @property
    def log(self) -> Path:
        """What the server printed."""
        return self.folder / "log.txt"

    @property
    def host(self) -> str:
        """What the server is to call itself."""
        return f"{self.name}.test"


class Source(Protocol):
    """Where a server comes from."""

    @property
    def origin(self) -> str:
        """The source and the name there, in words."""

    def install(self, home: Path) -> str:
        """Fetch the server into a folder of its own.

        Returns:
            Its version.

        Raises:
            InstallError: it is not to be had.
        """

    def command(self, place: Place, files: Mapping[str, str], prepare: str, words: Sequence[str]) -> Sequence[str]:
        """What starts the server.

        Args:
            place: where.
            files: what it reads, each with its path.
            prepare: a shell script that is run before.
            words: its own command. In all three `@PORT@`, `@MAIL@`, `@HOME@` and `@HOST@` stand for what `place` knows.
        """


@dataclass(frozen=True)
class Recipe:
    """A real server.

    Attributes:
        name: on the command line.
        source: where it comes from.
        words: what starts it, in the foreground or not.
        store: the kind of its store and the store's name in the folder of mail, as `maildir:box`; or an `imap://` of
            its own, for `roles.PASSWORD`.
        about: its language, and who uses it.
        files: what it reads.
        prepare: a shell script that is run before it starts.
        final: whether the store is the final delivery.
        unknown: a recipient that it refuses; empty if it takes anyone.
        options: of the suite, for this server.
    """

    name: str
    source: Source
    words: Sequence[str]
    store: str
    about: str
    files: Mapping[str, str] = field(default_factory=dict)
    prepare: str = ""
    final: bool = False
    unknown: str = ""
    options: Sequence[str] = ()

    def install(self, home: Path) -> None:
        """Install it in a folder, unless this recipe's server is there already.

        Raises:
            InstallError: it is not to be had.
        """
        found = version(home)
        if not self.is_installed(home):
            home.mkdir(parents=True, exist_ok=True)
            found = self.source.install(home)
        # What a kept result depends on.
        set_up = hashlib.sha256(repr((self.words, self.files, self.prepare)).encode()).hexdigest()
        text = f'version = "{found}"\nsource = "{self.source.origin}"\nset-up = "{set_up}"\n'
        (home / INSTALLED).write_text(text, encoding="utf-8")

    def is_installed(self, home: Path) -> bool:
        """Whether it is there, from where the recipe has it."""
        return _installed(home).get("source") == self.source.origin


def version(home: Path) -> str:
    """The version of what is installed in a folder; empty if nothing is."""
    return _installed(home).get("version", "")


def _installed(home: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = tomllib.loads((home / INSTALLED).read_text(encoding="utf-8"))
    except OSError:
        return {}
    return found


def filled(text: str, place: Place, mail: str, home: str) -> str:
    """A text of a recipe for one start of its server.

    Args:
        text: the text.
        place: where it is started.
        mail: the folder of mail, as the server sees it.
        home: where it is installed, as the server sees it.
    """
    known = {"@PORT@": str(place.port), "@MAIL@": mail, "@HOME@": home, "@HOST@": place.host}
    for name, value in known.items():
        text = text.replace(name, value)
    return text
