"""Where servers come from that are programs for Python or Node: PyPI, npm, and Python itself."""

from __future__ import annotations

import json
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from proof.real.recipe import Place, filled
from proof.servers.edit import InstallError

BOUND = 600.0
"""Seconds for an installation."""


class _Here:
    """Servers that run on this system as it is."""

    def command(self, place: Place, files: Mapping[str, str], prepare: str, words: Sequence[str]) -> Sequence[str]:
        def fill(text: str) -> str:
            return filled(text, place, str(place.mail), str(place.home.absolute()))

        for name, text in files.items():
            path = place.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(fill(text), encoding="utf-8")
        script = f'set -e\ncd {shlex.quote(str(place.folder))}\n{fill(prepare)}\nexec "$@"\n'
        return ["sh", "-c", script, "sh", *map(fill, words)]


@dataclass(frozen=True)
class Standard(_Here):
    """A module of Python's standard library, as long as it has it."""

    module: str

    @property
    def origin(self) -> str:
        return f"Python {self.module}"

    def install(self, home: Path) -> str:
        found = subprocess.run([sys.executable, "-W", "ignore", "-c", f"import {self.module}"], capture_output=True)
        if found.returncode:
            raise InstallError(f"Python {platform.python_version()} has no {self.module}")
        return platform.python_version()


@dataclass(frozen=True)
class PyPI(_Here):
    """A package for Python, in an environment of its own; `also` is what it forgets to ask for."""

    package: str
    also: Sequence[str] = ()

    @property
    def origin(self) -> str:
        return f"PyPI {self.package}"

    def install(self, home: Path) -> str:
        _run([sys.executable, "-m", "venv", "--clear", str(home / "venv")], home)
        _run([str(home / "venv/bin/pip"), "install", "-q", self.package, *self.also], home)
        site = [str(path) for path in home.glob("venv/lib/python*/site-packages")]
        return next(one.version for one in metadata.distributions(path=site, name=self.package))


@dataclass(frozen=True)
class Npm(_Here):
    """A package for Node, in a folder of its own."""

    package: str

    @property
    def origin(self) -> str:
        return f"npm {self.package}"

    def install(self, home: Path) -> str:
        fixed = ["--no-audit", "--no-fund", "--loglevel=error"]
        _run(["npm", "install", "--prefix", str(home), *fixed, self.package], home)
        found = json.loads((home / "node_modules" / self.package / "package.json").read_text(encoding="utf-8"))
        return str(found["version"])


def _run(words: Sequence[str], home: Path) -> None:
    log = home / "install.txt"
    try:
        with log.open("ab") as file:
            subprocess.run(
                words, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, timeout=BOUND, check=True
            )
    except (OSError, subprocess.SubprocessError) as error:
        raise InstallError(f"{words[0]}: {type(error).__name__}, see {log}") from None
