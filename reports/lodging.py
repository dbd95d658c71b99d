"""Where a launched server lives while it is tested: a private copy of its files and, as root, a user of its own."""

import contextlib
import os
import pwd
import random
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

from reports import confine
from reports.escape import typed

USERS = range(50_000, 60_000)
"""The ids from which users are taken: a container that knows 65536 users has them, too."""
MOST_FILES = 5000
MOST_BYTES = 256 << 20


class LodgingError(Exception):
    """The server cannot be given a place; the message is one line that says why."""


class User:
    """The id of a user whom nobody else is, until it is given back."""

    def __init__(self) -> None:
        """Claim one.

        Raises:
            LodgingError: there is none left.
        """
        for user in random.SystemRandom().sample(USERS, len(USERS)):
            with contextlib.suppress(KeyError):
                pwd.getpwuid(user)
                continue
            self._claim = socket.socket(socket.AF_UNIX)
            try:
                self._claim.bind(f"\0reports-user-{user}")  # a name without a file, gone with the process
            except OSError:
                self._claim.close()
                continue
            self.id = user
            return
        raise LodgingError(f"no user is free between {USERS.start} and {USERS.stop}")

    def close(self) -> None:
        """End the user's processes, remove what it has left where all may write, and give it back."""
        # A signal to all that he may signal, himself excepted: nobody forks away from it.
        subprocess.run(["/bin/sh", "-c", "kill -9 -1"], user=self.id, group=self.id, extra_groups=(), check=False)
        for folder in (*confine.SHARED, tempfile.gettempdir()):
            for path in _of_user(Path(folder), self.id):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)
        self._claim.close()


class Lodging:
    """A private copy of what a server may read.

    Args:
        directory: where the server's files are.
        sees: those files and folders in it that it may read.
        user: who may read the copy, besides us; None where that is whoever we are.

    Attributes:
        folder: the copy.

    Raises:
        LodgingError: there is too much to copy, or something cannot be read.
    """

    def __init__(self, directory: Path, sees: Sequence[Path], user: User | None) -> None:
        self._user = user
        self.folder = Path(tempfile.mkdtemp(prefix="submission-")).resolve()
        try:
            _copy(directory, sees, self.folder)
            if user is not None:
                for path in (self.folder, *self.folder.rglob("*")):
                    os.chown(path, 0, user.id, follow_symlinks=False)
        except OSError as error:
            self.close()
            raise LodgingError(f"cannot copy {typed(str(directory))}: {error.strerror}") from None
        except LodgingError:
            self.close()
            raise

    def __enter__(self) -> "Lodging":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def user(self) -> int | None:
        """The id of the user of its own, if there is one."""
        return self._user.id if self._user else None

    def close(self) -> None:
        """Remove the copy, and the user with all that is his."""
        if self._user is not None:
            self._user.close()
            self._user = None
        shutil.rmtree(self.folder, ignore_errors=True)


def own_files(folder: Path, sees: Sequence[Path]) -> Iterator[tuple[Path, bool]]:
    """Find regular files, and whether they can be executed; no link leads out of what is seen.

    Args:
        folder: what they lie in, for the message.
        sees: files, and folders of such.

    Raises:
        LodgingError: they are too many or too large.
        OSError: one is gone meanwhile.
    """
    files = size = 0
    for path in _files(sees):
        found = path.stat()
        files, size = files + 1, size + found.st_size
        if files > MOST_FILES or size > MOST_BYTES:
            raise LodgingError(
                f"{typed(str(folder))} has more than {MOST_FILES} files or {MOST_BYTES >> 20} MiB: name the "
                "directory of the server alone"
            )
        yield path, bool(found.st_mode & 0o100)


def _copy(directory: Path, sees: Sequence[Path], folder: Path) -> None:
    """Copy files, so that the owner's group may read them and nobody write."""
    for path, executable in own_files(directory, sees):
        copy = folder / path.relative_to(directory)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
        copy.chmod(0o550 if executable else 0o440)
    for inner in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        inner.chmod(0o750)


def _files(sees: Sequence[Path]) -> Iterator[Path]:
    for path in sees:
        if path.is_dir():
            for at, _, names in os.walk(path):
                yield from (one for name in names if _is_own(one := Path(at, name), path))
        elif _is_own(path, path.parent):
            yield path


def _is_own(path: Path, folder: Path) -> bool:
    with contextlib.suppress(OSError):
        return path.is_file() and path.resolve().is_relative_to(folder.resolve())
    return False


def _of_user(folder: Path, user: int) -> list[Path]:
    found = []
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            with contextlib.suppress(FileNotFoundError):
                if entry.stat(follow_symlinks=False).st_uid == user:
                    found.append(Path(entry.path))
    return found
