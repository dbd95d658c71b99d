"""Takes the README's pictures of the reports, in Chromium: `python -m docs.pictures`, from the clone.

Every picture is of a real run: of the reference server, and of copies of it with the bugs of some mutants. A run is a
quick one with a fixed seed, so the pictures change only when the suite or the reports do. It takes some ten minutes.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from proof.servers.edit import Edit, build
from proof.servers.mutants import MUTANTS
from tests.reports.browser import chromium, complaints, open_page, screen

PICTURES = Path(__file__).parent / "pictures"
PROJECT = Path(__file__).parents[1]
WIDTH = 1100
SEED = 7
BOUND = 900.0
"""Seconds that a run may take."""
JUDGED = (0, 1)
"""The suite's exit statuses with a verdict."""
SUBMISSIONS: Mapping[str, Sequence[str]] = {
    "ada": (),
    "ben": ("nested-mail-accepted", "recipients-sorted", "need-errors-name-no-command"),
    "chen": ("tabs-are-no-white-space", "half-closed-message-lost", "nested-mail-accepted", "replies-end-in-lf"),
    "dana": ("addresses-made-lower-case", "unknown-command-gets-500", "need-errors-name-no-command"),
    "emil": ("only-the-last-recipient-kept", "nested-mail-accepted"),
    "fay": ("any-error-forgets-the-message",),
    "gil": ("pool-of-8", "sender-kept-for-the-next-message", "body-cut-at-nul"),
    "hana": ("8-bit-bytes-become-question-marks", "mailbox-not-emptied", "second-helo-accepted"),
    "ivo": ("pool-of-31", "backup-of-33", "bad-recipient-in-other-words"),
    "jo": ("empty-line-answered-250", "received-line-without-course", "data-before-rcpt-accepted"),
    "kim": ("body-goes-through-utf-8", "data-reply-in-other-words"),
    "lea": ("mail-before-helo-accepted", "numbers-begin-at-0", "bad-recipient-in-other-words"),
}
"""The servers of a small class, and the mutants whose bugs each has."""
OPENED = "ben"
"""The one whose page is shown."""


@dataclass(frozen=True)
class Submission:
    """The reference server with the edits of several mutants."""

    name: str
    edits: Sequence[Edit]


def main() -> int:
    """Run the suite on each, write their reports, and take the pictures; returns the exit status."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, (student, bugs) in enumerate(SUBMISSIONS.items(), 1):
            print(f"{number} of {len(SUBMISSIONS)}: {student}", file=sys.stderr)
            _run(student, bugs, folder)
        results = [str(folder / "reports" / student / "results.json") for student in SUBMISSIONS]
        matrix = folder / "reports" / "matrix.html"
        subprocess.run([sys.executable, "-m", "reports", "matrix", *results, "-o", matrix], cwd=PROJECT, check=True)
        _take(folder / "reports")
    return 0


def _run(student: str, bugs: Sequence[str], folder: Path) -> None:
    """Run the suite on a submission from its own directory, as its author would."""
    edits = [edit for mutant in MUTANTS if mutant.name in bugs for edit in mutant.edits]
    home = build(Submission(student, edits), folder)
    (home / "__main__.py").rename(home / "server.py")
    words = [sys.executable, "-m", "conformance", "-q", "--quick", "--seed", str(SEED)]
    words += ["--launch", "python3 server.py --port {port}", "--report", str(folder / "reports" / student)]
    clone = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(words, cwd=home, env=clone, capture_output=True, text=True, timeout=BOUND)
    if done.returncode not in JUDGED:
        raise SystemExit(f"pictures: no verdict on {student}:\n{done.stdout}{done.stderr}")


def _take(reports: Path) -> None:
    PICTURES.mkdir(exist_ok=True)
    with chromium() as driver:
        for page, fragment, height, picture in (
            (reports / OPENED / "report.html", "", 1262, "report.png"),
            (reports / "matrix.html", "#rows=broken", 960, "matrix.png"),
        ):
            screen(driver, WIDTH, height)
            open_page(driver, page, fragment)
            driver.save_screenshot(str(PICTURES / picture))
            if said := complaints(driver):
                raise SystemExit(f"pictures: {page.name}: {said}")


if __name__ == "__main__":
    raise SystemExit(main())
