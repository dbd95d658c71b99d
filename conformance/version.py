"""Which suite this is: two runs with the same version differ by their servers, not by the suite."""

from __future__ import annotations

import hashlib
import subprocess
from importlib import metadata
from pathlib import Path

DISTRIBUTION = "smtp-conformance"
UNKNOWN = "0+unknown"
ROOT = Path(__file__).parents[1]
_PATIENCE = 10.0


def version(root: Path = ROOT) -> str:
    """The version of the suite, by PEP 440; it starts git, so it is asked for once a run.

    Args:
        root: the folder that the package lies in.

    Returns:
        For a checkout `…+g<commit>`, and `.d<digest>` of what was changed in the package since; otherwise that of the
        installation, or `0+unknown`.
    """
    if not (root / ".git").exists():
        return _installed()
    try:
        commit = _git(root, "rev-parse", "--short=9", "HEAD").strip()
        changed = _git(root, "status", "--porcelain", "--untracked-files=all", "--no-renames", "--", "conformance")
    except (OSError, subprocess.SubprocessError):
        return _installed()
    digest = f".d{_digest(root, changed.splitlines())}" if changed else ""
    return f"{_installed().partition('+')[0]}+g{commit}{digest}"


def _installed() -> str:
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return UNKNOWN


def _git(root: Path, *words: str) -> str:
    # A run of the suite must not stand in the way of its user's own git.
    command = ["git", "--no-optional-locks", "-C", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=_PATIENCE).stdout


def _digest(root: Path, changed: list[str]) -> str:
    """Tell two states of changed files apart, given as `git status --porcelain` names them."""
    state = hashlib.sha256()
    for line in changed:
        path = root / line[3:]
        state.update(line.encode() + (path.read_bytes() if path.is_file() else b""))
    return state.hexdigest()[:8]


if __name__ == "__main__":
    print(version())
