"""The zip that is uploaded to Gradescope: its two scripts, the suite, what it needs, the rubric, and how to test."""

import io
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

from reports.accepted import expect_accepted
from reports.checked import WrongShape
from reports.gradescope.settings import Settings
from reports.results import Requirement, ResultsError
from reports.roster import check_command
from reports.rubric import load_rubric

PACKAGES = ("conformance", "reports")
SCRIPTS = ("setup.sh", "run_autograder")
DISTRIBUTION = "smtp-conformance"


def bundle(settings: Settings, rubric: Path) -> bytes:
    """Make the zip.

    Args:
        settings: how the servers are tested.
        rubric: what is worth how much.

    Raises:
        ResultsError: the command is none, the rubric is wrong or of another assignment, the suite refuses its options,
            or it is not installed, so that it is not known what it needs.
    """
    home = Path(__file__).parent
    try:
        check_command(settings.launch, "--launch")
    except WrongShape as error:
        raise ResultsError(str(error)) from None
    load_rubric(rubric).shared_out(_ledger(home.parent.parent))
    expect_accepted(settings.options)
    files = {
        **{name: (home / name).read_bytes() for name in SCRIPTS},
        "settings.json": settings.text().encode(),
        "rubric.toml": rubric.read_bytes(),
        "requirements.txt": "".join(f"{one}\n" for one in _requirements()).encode(),
        # So that the suite knows its version there.
        f"suite/{DISTRIBUTION.replace('-', '_')}.dist-info/METADATA": _metadata().encode(),
        **dict(_suite(home.parent.parent)),
    }
    return _zipped(files)


def _ledger(project: Path) -> list[Requirement]:
    """The suite's requirements: better a rubric is refused here than in front of every student."""
    path = project / "conformance" / "cs4410" / "requirements.toml"
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["requirement"]
    return [Requirement(row["id"], row["level"], row["section"], row["rule"], "skip", "") for row in rows]


def _requirements() -> list[str]:
    try:
        needed = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        raise ResultsError("the suite is not installed: `pip install .` in its clone, and call this again") from None
    return [one for one in needed if "extra ==" not in one]


def _metadata() -> str:
    words = [sys.executable, "-m", "conformance.version"]
    version = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout
    return f"Metadata-Version: 2.1\nName: {DISTRIBUTION}\nVersion: {version}"


def _suite(project: Path) -> Iterator[tuple[str, bytes]]:
    for package in PACKAGES:
        for path in sorted((project / package).rglob("*")):
            told = path.relative_to(project)
            if path.is_file() and "__pycache__" not in told.parts and told.parts[:2] != ("reports", "out"):
                yield f"suite/{told.as_posix()}", path.read_bytes()


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """Pack them, the scripts executable, and the same files always into the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if name in SCRIPTS else 0o644) << 16
            archive.writestr(entry, data)
    return packed.getvalue()
