"""The suite holds against hostile servers, some of them here and all by `tox -e hostile`; and the measures measure."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from proof.hostile import live, measure, trial
from proof.hostile.servers import SERVERS

FEW = ("--quick", "-n0", "-k", "test_greeting or test_one_reply or test_entry or test_first_number")
TRIED = ("silent", "closing", "flood", "endless-line", "endless-greeting", "escape-sequences", "leaves")
WORDS = ("html", "no-text")
MULTICLIENT = ("escape-sequences", "html")


@pytest.fixture(scope="module")
def tried() -> Iterator[dict[tuple[str, str], Future[trial.Trial]]]:
    """The runs that the tests look at, some at a time."""
    with ThreadPoolExecutor(4) as pool:
        pairs = [(name, "launched") for name in TRIED + WORDS] + [(name, "multiclient") for name in MULTICLIENT]
        yield {
            (name, way): pool.submit(trial.hold, name, way, ("--duration", "4") if way == "multiclient" else FEW, 1.0)
            for name, way in pairs
        }


@pytest.mark.parametrize("name", TRIED)
def test_the_suite_holds(tried: dict[tuple[str, str], Future[trial.Trial]], name: str) -> None:
    done = tried[name, "launched"].result()
    assert done.wrong == ()
    assert set(done.broken) == SERVERS[name].breaks
    assert done.blocked


@pytest.mark.parametrize("name", WORDS)
def test_what_a_server_says_is_live_nowhere(tried: dict[tuple[str, str], Future[trial.Trial]], name: str) -> None:
    done = tried[name, "launched"].result()
    assert b"pwned" in done.measured.shown, "the words are shown"
    assert [what for what in done.wrong if not what.startswith("blamed")] == []
    assert {"greeting"} <= set(done.broken) <= SERVERS[name].breaks


@pytest.mark.parametrize("name", MULTICLIENT)
def test_multiclient_holds(tried: dict[tuple[str, str], Future[trial.Trial]], name: str) -> None:
    done = tried[name, "multiclient"].result()
    assert done.wrong == ()
    assert done.broken


def test_every_server_says_what_it_does() -> None:
    assert len(SERVERS) >= 20
    assert all(server.does and not server.does.endswith(".") for server in SERVERS.values())


# The measures


def run(script: str, folder: Path, bound: float = 30.0) -> measure.Measured:
    return measure.run([sys.executable, "-c", script], folder, dict(os.environ), bound)


@pytest.mark.parametrize(
    ("script", "raw"),
    [
        (r"print('\x1b[1;31mred\x1b[0m\r')", b""),
        (r"print('\x1b]0;title\x07')", b"\x1b\x07"),
        (r"print('\x08\x1b[2J')", b"\x08\x1b"),
        (r"import sys; sys.stdout.buffer.write('\u202e'.encode())", "\u202e".encode()),
    ],
)
def test_what_reaches_the_terminal_is_seen(tmp_path: Path, script: str, raw: bytes) -> None:
    assert run(script, tmp_path).raw == raw


def test_time_memory_and_status_are_measured(tmp_path: Path) -> None:
    done = run("held = b'x' * 100 * 2**20; import time; time.sleep(1); raise SystemExit(7)", tmp_path)
    assert done.status == 7
    assert done.seconds >= 1.0
    assert done.mebibytes > 100
    endless = run("import time; time.sleep(3600)", tmp_path, bound=0.5)
    assert endless.status == -1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("results.json", '"\x1b[31m"'),
        ("results.json", '"\u202e"'),
        ("report.md", "a <img src=x onerror=pwned()>"),
        ("report.md", "```text\n```\n<script>pwned()</script>\n```\n```"),
        ("report.md", "[x](javascript:pwned())"),
        ("report.html", "<pre></pre><script>pwned()</script>"),
        ("report.html", "<img src=x onerror='pwned()'>"),
        ("report.html", "<a href='javascript:pwned()'>x</a>"),
        ("report.html", "<pre>\x1b[31m</pre>"),
    ],
)
def test_what_is_live_in_a_report_is_found(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert live.found(tmp_path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("report.md", "```text\n<script>pwned()</script>\n```\nand `<b pwned>` and \\<b pwned>"),
        ("report.html", "<script>run()</script><pre>&lt;script&gt;pwned()&lt;/script&gt;</pre>"),
    ],
)
def test_what_is_text_in_a_report_is_left_alone(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert live.found(tmp_path) == []
