"""The suite bears hostile servers, some of them here and all by `tox -e hostile`; and the measures measure."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from proof.kind import Trial
from proof.kinds import live, measure
from proof.kinds.hostile import LAUNCHED, MULTICLIENT, Hostiles, Shown, meet
from proof.servers.edit import build
from proof.servers.hostile import SECTIONS

SERVERS = {server.name: server for section in SECTIONS.values() for server in section}
FEW = ("--quick", "-n0", "-k", "test_greeting or test_one_reply or test_entry or test_first_number")
TRIED = ("silent", "closing", "flood", "endless-line", "endless-greeting", "escape-sequences", "leaves")
WORDS = ("html", "no-text")
LOADED = ("escape-sequences", "html")
Tried = dict[tuple[str, str], Future[Shown]]


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tried]:
    """The runs that the tests look at, some at a time."""
    folder = tmp_path_factory.mktemp("hostile")
    homes = {name: build(SERVERS[name], folder) for name in TRIED + WORDS}

    def one(name: str, way: str) -> Shown:
        options = ("--duration", "4") if way == MULTICLIENT else FEW
        return meet(homes[name], folder / "results" / way / name, way, *options, time_limit=1.0)

    with ThreadPoolExecutor(4) as pool:
        pairs = [(name, LAUNCHED) for name in TRIED + WORDS] + [(name, MULTICLIENT) for name in LOADED]
        yield {pair: pool.submit(one, *pair) for pair in pairs}


def wrong(name: str, way: str, run: Shown) -> list[str]:
    return Hostiles().wrong(SERVERS[name], Trial(1, 7, way), run)


@pytest.mark.parametrize("name", TRIED)
def test_the_suite_bears_it(tried: Tried, name: str) -> None:
    run = tried[name, LAUNCHED].result()
    assert wrong(name, LAUNCHED, run) == []
    assert run.blocked


@pytest.mark.parametrize("name", WORDS)
def test_what_a_server_says_is_live_nowhere(tried: Tried, name: str) -> None:
    run = tried[name, LAUNCHED].result()
    assert "pwned" in run.printed, "the words are shown"
    assert [what for what in wrong(name, LAUNCHED, run) if not what.startswith("blamed")] == []
    assert {"greeting"} <= set(run.findings) <= set(SERVERS[name].breaks.split())


@pytest.mark.parametrize("name", LOADED)
def test_multiclient_bears_it(tried: Tried, name: str) -> None:
    run = tried[name, MULTICLIENT].result()
    assert wrong(name, MULTICLIENT, run) == []
    assert run.findings


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
    done = run("much = b'x' * 100 * 2**20; import time; time.sleep(1); raise SystemExit(7)", tmp_path)
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
