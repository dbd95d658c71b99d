"""The command line as a user and the suite meet it: exit statuses, one-line errors, pipes, colour and width."""

import json
import os
import pty
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reports import results
from reports.__main__ import main

ROOT = Path(__file__).parents[2]


def run(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run `python -m reports` as another process."""
    return subprocess.run([sys.executable, "-m", "reports", *arguments], cwd=ROOT, timeout=60, check=False, **options)


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """Run in this process, and give the one line of an error with status 4."""
    try:
        status: Any = main([str(argument) for argument in arguments])
    except SystemExit as error:
        status = error.code
    out, err = capsys.readouterr()
    assert (status, out) == (4, "")
    assert err.startswith("reports: ")
    assert err.count("\n") == 1
    return err


def without(document: Any, *path: Any) -> Any:
    """Take one key out of a document."""
    *outer, last = path
    inner = document
    for key in outer:
        inner = inner[key]
    del inner[last]
    return document


def with_(document: Any, value: Any, *path: Any) -> Any:
    """Put a value into a document."""
    *outer, last = path
    inner = document
    for key in outer:
        inner = inner[key]
    inner[last] = value
    return document


@pytest.mark.parametrize("command", ["show", "markdown"])
def test_the_last_line_is_the_verdict(command: str, hostile: Path) -> None:
    """A run that doesn't conform is shown with status 0, and its line comes last."""
    done = run(command, hostile, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.splitlines()[-1].strip(b"*").startswith(b"does not conform in 4 of 13 requirements")


def test_markdown_is_written_to_a_file(hostile: Path, tmp_path: Path) -> None:
    """With -o nothing is printed."""
    done = run("markdown", hostile, "-o", tmp_path / "report.md", capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (tmp_path / "report.md").read_text().startswith("# Conformance of ")


def test_pages_are_written_with_the_report_and_are_those_of_their_own_commands(hostile: Path, tmp_path: Path) -> None:
    for name in ("alone", "together"):
        (tmp_path / name).mkdir()
    shown = run("show", hostile, "--color", "never", capture_output=True)
    for command, page in (("html", "report.html"), ("markdown", "report.md")):
        assert main([command, str(hostile), "-o", str(tmp_path / "alone" / page)]) == 0
    together = run("show", hostile, "--color", "never", "--pages", tmp_path / "together", capture_output=True)
    assert (together.returncode, together.stdout, together.stderr) == (0, shown.stdout, b"")
    for page in ("report.html", "report.md"):
        assert (tmp_path / "together" / page).read_bytes() == (tmp_path / "alone" / page).read_bytes()


def test_pages_that_cannot_be_written_are_told_after_the_report(hostile: Path, tmp_path: Path) -> None:
    done = run("show", hostile, "--pages", tmp_path / "not-there", capture_output=True)
    assert (done.returncode, done.stderr.count(b"cannot write")) == (4, 2)
    assert done.stdout.rstrip().splitlines()[-1].startswith(b"does not conform")


def test_a_page_is_written_to_a_file(hostile: Path, tmp_path: Path) -> None:
    """One document, with its policy before anything else."""
    done = run("html", hostile, "-o", tmp_path / "report.html", capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    page = (tmp_path / "report.html").read_text()
    assert page.startswith("<!doctype html>") and page.count("</html>") == 1
    assert page.index("Content-Security-Policy") < page.index("<style>")


@pytest.mark.parametrize("key", ["schema", "target", "outcome", "requirements", "cases", "seed", "versions"])
def test_a_missing_key_is_named(key: str, document: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Which one, and what to do."""
    path = tmp_path / "results.json"
    path.write_text(json.dumps(without(document, key)))
    line = complaint(capsys, "show", path)
    assert f"{key} is missing" in line
    assert "give the results.json" in line


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (["schema"], 2, "has schema 2, not 1; use the reports of"),
        (["schema"], True, "schema must be a number"),
        (["seconds"], float("nan"), "seconds must be a number"),
        (["seconds"], 10**400, "seconds must be a number"),
        (["quick"], 1, "quick must be true or false"),
        (["seed"], None, "seed must be a number"),
        (["target"], [], "target must be an object"),
        (["versions", "\x1b[31m"], 3, r"versions.\x1b[31m must be text"),
        (["outcome", "exit"], 1.5, "outcome.exit must be a whole number"),
        (["outcome", "notes"], ["", 0], "outcome.notes must be a list of texts"),
        (["requirements"], {}, "requirements must be a list"),
        (["requirements", 3, "verdict"], "PASS", "requirements[3].verdict must be one of fail, warn"),
        (["cases", 2], "case", "cases[2] must be an object"),
        (["cases", 0, "level"], ["MUST"], "cases[0].level must be one of MUST, SHOULD, NOTE"),
        (["cases", 0, "transcript", 1], [0, "->"], "transcript[1] must be a list of milliseconds, direction, text"),
        (["cases", 0, "transcript", 1], [0, "\x1b[2J", ""], "cases[0].transcript[1].direction must be ->, <- or --"),
        (["cases", 0, "blocked_by"], 1, "cases[0].blocked_by must be text"),
    ],
)
def test_a_wrong_value_is_named(
    path: list[Any], value: Any, told: str, document: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its place in the document, and what belongs there."""
    file = tmp_path / "results.json"
    file.write_text(json.dumps(with_(document, value, *path)))
    assert told in complaint(capsys, "show", file)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is no JSON"),
        (b"{", "is no JSON"),
        (b"\xff\xfe\x00", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b"1" * 10_000, "is no JSON"),
        (b"[]", "the document must be an object"),
        (b'{"schema": 2}', "has schema 2, not 1; use the reports of"),
    ],
)
def test_a_file_of_another_kind_is_refused(
    content: bytes, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, without a traceback."""
    path = tmp_path / "results.json"
    path.write_bytes(content)
    assert told in complaint(capsys, "markdown", path)


def test_keys_of_later_versions_are_ignored(document: Any, tmp_path: Path) -> None:
    """The schema may grow without a new number."""
    path = tmp_path / "results.json"
    path.write_text(json.dumps({**document, "new": 1}))
    assert results.load(path).profile == "cs4410"


def test_a_file_that_is_too_large_is_refused(
    hostile: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It isn't read to its end."""
    monkeypatch.setattr(results, "MAX_BYTES", 1 << 10)
    assert "is larger than" in complaint(capsys, "show", hostile)


@pytest.mark.parametrize("name", ["missing.json", "", "\x1b[31m.json", "nul\x00.json"])
def test_a_file_that_cannot_be_read_is_named(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Missing, a directory, or no name at all; the name is escaped as well."""
    assert "cannot read" in complaint(capsys, "show", tmp_path / name)


def test_a_report_that_cannot_be_written_is_told(
    hostile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line that says where."""
    assert "No such file or directory" in complaint(capsys, "markdown", hostile, "-o", tmp_path / "no" / "report.md")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["shwo"],
        ["show"],
        ["show", "a", "--color", "\x1b[31m"],
        ["show", "a", "b"],
    ],
    ids=ascii,
)
def test_a_wrong_command_line_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With the status that the suite has for it, and the way to the help."""
    line = complaint(capsys, *arguments)
    assert "--help" in line
    assert "\x1b" not in line


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--help"], "Exit status"),
        (["show", "--help"], "--color"),
        (["markdown", "--help"], "--output"),
        (["html", "--help"], "no network"),
    ],
)
def test_help_teaches(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command explains itself with status 0."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 0
    assert told in capsys.readouterr().out


def test_a_closed_pipe_is_no_traceback(hostile: Path) -> None:
    """As with `| head`: nothing on standard error, status 0."""
    reading, writing = os.pipe()
    os.close(reading)
    done = run("show", hostile, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk_is_one_line(hostile: Path) -> None:
    """And Python's flush at exit adds nothing."""
    with open("/dev/full", "wb") as full:
        done = run("show", hostile, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 4
    assert done.stderr.startswith(b"reports: cannot write the report: No space left")
    assert done.stderr.count(b"\n") == 1


def test_a_page_that_does_not_fit_leaves_the_one_before(hostile: Path, tmp_path: Path) -> None:
    """As on a disk that is full: nothing is left of the new one."""
    page = tmp_path / "report.html"
    page.write_text("the one before")
    command = "ulimit -f 8; exec " + shlex.join(
        [sys.executable, "-m", "reports", "html", str(hostile), "-o", str(page)]
    )
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (4, b"")
    assert done.stderr.decode().endswith(": File too large; choose another file with -o\n")
    assert page.read_text() == "the one before"
    assert list(tmp_path.iterdir()) == [page]


@pytest.mark.parametrize(
    ("settings", "arguments", "colored"),
    [
        ({"TERM": "xterm"}, [], True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, [], False),
        ({"TERM": "dumb"}, [], False),
        ({"TERM": "xterm"}, ["--color", "never"], False),
        ({"TERM": "dumb"}, ["--color", "always"], True),
    ],
)
def test_color_on_a_terminal(settings: dict[str, str], arguments: list[str], colored: bool, hostile: Path) -> None:
    """Unless NO_COLOR, TERM or the user forbids it."""
    environment = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "TERM", "COLUMNS")}
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "reports", "show", hostile, *arguments],
        cwd=ROOT,
        env=environment | settings,
        stdout=follower,
        stderr=follower,
    ) as process:
        os.close(follower)
        shown = b""
        try:
            while chunk := os.read(leader, 65536):
                shown += chunk
        except OSError:  # how Linux ends a terminal
            pass
    os.close(leader)
    assert process.returncode == 0
    assert (b"\x1b[31mFAIL" in shown) is colored


def test_no_color_in_a_pipe(hostile: Path) -> None:
    """Whatever the terminal can do."""
    done = run("show", hostile, capture_output=True, env=os.environ | {"TERM": "xterm"})
    assert b"\x1b" not in done.stdout


@pytest.mark.parametrize("columns", ["20", "60", "100", "100000"])
def test_lines_fit_the_width(
    columns: str, hostile: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From 60 to 160 columns; only the table, commands and the last line, which are copied, may be longer."""
    monkeypatch.setenv("COLUMNS", columns)
    assert main(["show", str(hostile)]) == 0
    told = capsys.readouterr().out.partition("FAILED")[2].splitlines()[:-1]
    width = min(max(int(columns), 60), 160)
    assert [line for line in told if len(line) > width and "  repeat" not in line] == []
