"""How servers that nobody vouches for are kept from the rest of a class: the best way that works on this machine."""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from reports import confine
from reports.escape import typed
from reports.lodging import LodgingError, User

AS_YOU = "servers could read, change and delete what you can, the submissions of others and the results too"


@dataclass(frozen=True)
class Isolation:
    """What stands between a server and the rest.

    Attributes:
        bubblewrap: it sees nothing else.
        user: it is a user of its own, who cannot start processes without end either.
    """

    bubblewrap: bool = False
    user: bool = False


def choose() -> tuple[Isolation, str]:
    """Try what works here: bubblewrap, best with a user for each server, for which one has to be root, or one of them.

    Returns:
        The best way, and the reason in one line if servers have a free hand.
    """
    is_root, has_bubblewrap = os.geteuid() == 0, shutil.which("bwrap") is not None
    failed = {}
    for isolation in (Isolation(True, True), Isolation(True, False), Isolation(False, True)):
        if (is_root or not isolation.user) and (has_bubblewrap or not isolation.bubblewrap):
            failed[isolation] = _failure(isolation)
            if not failed[isolation]:
                return isolation, ""
    bubblewrap = failed.get(Isolation(bubblewrap=True), "not installed: `apt-get install bubblewrap`")
    user = failed.get(Isolation(user=True), "for which you have to be root")
    return (
        Isolation(),
        f"{AS_YOU}, for neither bubblewrap ({bubblewrap}) nor a user for each ({user}) works here; mend that",
    )


def _failure(isolation: Isolation) -> str:
    options = ["--bubblewrap"] if isolation.bubblewrap else []
    if not isolation.user:
        return confine.works(*options)
    try:
        user = User()
    except LodgingError as error:
        return str(error)
    try:
        return confine.works(*options, "--user", str(user.id))
    finally:
        user.close()


def open_to_all(paths: Iterable[Path], home: Path) -> str:
    """Tell what every user of the machine can read, and so servers that have a user of their own.

    Args:
        paths: what they should not read.
        home: the folder of the roster.

    Returns:
        One line that says how to hide it; empty if nothing is open.
    """
    found = dict.fromkeys(_to_be_hidden(path, home) for path in map(Path.resolve, paths) if _is_open(path))
    if not found:
        return ""
    shown = " ".join(typed(str(path)) for path in found)
    return f"servers could read what every user can, without bubblewrap; hide it by `chmod o-rwx {shown}`"


def _is_open(path: Path) -> bool:
    return path.exists() and bool(path.stat().st_mode & 0o005) and all(one.stat().st_mode & 1 for one in path.parents)


def _to_be_hidden(path: Path, home: Path) -> Path:
    """Rather a folder of all submissions than each of them, but not all that lies beside the roster."""
    return path.parent if home in path.parent.parents else path
