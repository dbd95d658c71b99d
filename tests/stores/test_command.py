"""A command prints the messages that contain a mark, and one that does not end well is an error."""

import sys
from pathlib import Path

import pytest

from conformance.stores import command
from conformance.stores.opening import open_store
from conformance.stores.store import MailStore, StoreError

MARK = b"mark7x"


def printing(tmp_path: Path, program: str) -> MailStore:
    """A store whose command is a program of Python, in a file whose name has a space."""
    (tmp_path / "a program.py").write_text("import sys\nout = sys.stdout.buffer\n" + program)
    return open_store(f"command:{sys.executable} '{tmp_path}/a program.py' box")


@pytest.mark.parametrize(
    ("program", "bodies"),
    [
        ("", []),
        ("sys.exit(1)", []),
        ("out.write(b'Subject: ' + sys.argv[-1].encode() + b'\\n\\n' + sys.argv[1].encode())", [b"box"]),
        ("out.write(b'Subject: other\\n\\n')", []),
        (
            "out.write(b'From -\\na: mark7x\\n\\n1\\n\\nFrom -\\nb: 2\\n\\nFrom -\\nc: mark7x\\n\\n3')",
            [b"1\r\n\r\n", b"3"],
        ),
    ],
    ids=["nothing", "not found", "a message", "no mark", "an mbox"],
)
def test_what_is_printed_is_mail(tmp_path: Path, program: str, bodies: list[bytes]) -> None:
    assert [found.body for found in printing(tmp_path, program).find(MARK)] == bodies


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("sys.exit(2)", "status 2"),
        ("out.write(b'half a mark7x'); sys.exit(1)", "status 1"),
        ("import os; os.kill(os.getpid(), 9)", "status -9"),
        ("while True: out.write(b'x' * 65536)", "printed more than 1000000 octets"),
        ("import time; time.sleep(600)", "did not end within 2 s"),
        ("import os, time; os.close(1); time.sleep(600)", "did not end within 2 s"),
    ],
    ids=["fails", "fails in the middle", "dies", "floods", "hangs", "hangs after its end"],
)
def test_a_command_that_does_not_end_well_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, told: str
) -> None:
    monkeypatch.setattr(command, "LARGEST", 1_000_000)
    monkeypatch.setattr(command, "PATIENCE", 2.0 if "2 s" in told else 60.0)
    with pytest.raises(StoreError, match=told) as error:
        printing(tmp_path, program).find(MARK)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("line", ["no-such-program-here", "'half", " "])
def test_a_line_that_is_no_command_is_refused(line: str) -> None:
    with pytest.raises(StoreError, match="command:"):
        open_store(f"command:{line}")
