"""Files of a folder as they are sent to another machine and back: bounded, and none outside of the folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from reports.escape import typed
from reports.lodging import MOST_BYTES, MOST_FILES, LodgingError, own_files

Parcel = Mapping[str, tuple[bytes, bool]]
"""By its path in the folder each file, and whether it can be executed."""


def pack(folder: Path, sees: Sequence[Path]) -> Parcel:
    """Read files.

    Args:
        folder: what they lie in.
        sees: those files and folders in it that are wanted; links that lead out of them are left out.

    Raises:
        LodgingError: they are too many or too large, or one cannot be read.
    """
    try:
        found = own_files(folder, sees)
        return {path.relative_to(folder).as_posix(): (path.read_bytes(), executable) for path, executable in found}
    except OSError as error:
        raise LodgingError(f"cannot read {typed(str(folder))}: {error.strerror}") from None


def unpack(parcel: Parcel, folder: Path) -> None:
    """Write what was packed into a folder, which is made.

    Raises:
        LodgingError: it is more than could have been packed, a path leads out of the folder, or cannot be written.
    """
    if len(parcel) > MOST_FILES or sum(len(data) for data, _ in parcel.values()) > MOST_BYTES:
        raise LodgingError(f"more than {MOST_FILES} files or {MOST_BYTES >> 20} MiB were sent")
    folder.mkdir(parents=True, exist_ok=True)
    for name, (data, executable) in parcel.items():
        inner = PurePosixPath(name)
        if inner.is_absolute() or ".." in inner.parts or "\0" in name:
            raise LodgingError(f"{typed(name)} was sent, and leads out of its folder")
        path = folder / inner
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            if executable:
                path.chmod(0o755)
        except OSError as error:
            raise LodgingError(f"cannot write {typed(str(path))}: {error.strerror}") from None
