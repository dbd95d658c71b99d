"""multiclient as a user meets it: right servers, faulty ones, and mistakes on the command line."""

import json
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from conformance.cs4410.kind import KIND
from conformance.cs4410.load.script import TOUR
from conformance.harness.server.launch import Process, reference_command
from multiclient import main
from tests.load.load_runs import PATIENCE, PROJECT, SOME, UNTIL_GONE, Ended, multiclient, wait_until

Get = Callable[[str], Ended]


@pytest.fixture
def running() -> Iterator[Process]:
    """Give a reference server that somebody else has started."""
    process = Process(KIND, reference_command(KIND), 10.0)
    yield process
    process.stop()


def stored(directory: Path) -> int:
    """How many messages a server has stored, in its mailbox or a backup."""
    return sum(path.read_bytes().count(b"\nNumber: ") for path in directory.glob("mailbox*"))


def test_reference_server_is_right(ended: Get) -> None:
    run = ended("right")
    assert run.status == 0, run.output
    assert run.figures["wrong"] == 0 and run.figures["connections"] == 32
    assert run.figures["mailbox"]["found"] == run.figures["mailbox"]["acknowledged"] > 100
    assert run.output.splitlines()[-1].startswith("RIGHT: ") and "seed 1" in run.output
    assert {kind for _, kind in TOUR} <= set(run.figures["kinds"])
    for kind in ("421 silent", "421 dripping", "421 wrong"):
        assert run.figures["kinds"][kind]["right"] > 0


def test_table_shows_what_the_figures_say(ended: Get) -> None:
    run = ended("right")
    for figures in run.figures["kinds"].values():
        row = next(line for line in run.output.splitlines() if figures["name"] in line)
        assert [int(word) for word in re.findall(r"(?<= )\d+(?= |$)", row)][-3:] == [
            figures["count"],
            figures["right"],
            figures["wrong"],
        ]
        assert 0 < figures["p50"] <= figures["p99"] <= figures["max"]
    assert run.figures["operations_per_second"] == pytest.approx(
        run.figures["operations"] / run.figures["seconds"], 0.01
    )


def test_other_edition_is_found_wrong(ended: Get) -> None:
    run = ended("earlier")
    assert run.status == 1
    assert {"mail", "rcpt", "unknown", "sender.refused"} <= run.rules()


def test_no_more_operations_than_asked_for(ended: Get) -> None:
    run = ended("few")
    assert run.status == 0, run.output
    assert 250 <= run.figures["operations"] <= 300 and run.figures["connections"] == 2


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ("nested-mail-in-other-words", "mail.nested"),
        ("replies-end-in-lf", "reply.crlf"),
        ("each-60th-message-lost", "mailbox.whole"),
        ("each-60th-message-twice", "numbers"),
        ("each-60th-message-to-somebody-else", "mailbox.whole"),
        ("numbers-race", "numbers"),
        ("half-the-limit", "time.early"),
        ("three-times-the-limit", "time.out"),
        ("errors-answered-twice", "reply.one"),
        ("rest-of-the-segment-dropped", "reply.one"),
        ("timed-out-message-delivered", "mailbox.no-trace"),
        ("process-ends-after-40-connections", "pool.alive"),
        ("silent", "pool.alive"),
        ("mute-after-2000-lines", "pool.alive"),
        ("endless-line", "reply.one"),
    ],
)
def test_fault_is_found(ended: Get, fault: str, rule: str) -> None:
    run = ended(fault)
    assert run.status == 1, run.output
    assert rule in run.rules()
    assert run.output.isascii() and run.output.replace("\n", "").isprintable()


def test_one_wrong_reply_is_one_finding(ended: Get) -> None:
    assert ended("nested-mail-in-other-words").rules() == {"mail.nested"}
    assert ended("process-ends-after-40-connections").rules() == {"pool.alive"}
    assert ended("replies-end-in-lf").rules() == {"reply.crlf"}


@pytest.mark.parametrize(
    "options",
    [
        ("--duration", "5"),
        ("--connections", "33"),
        ("--connections", "1"),
        ("--errors", "2"),
        ("--seed", "x"),
        ("--target", "nowhere"),
        ("--target", "127.0.0.1:1", "--launch", "x"),
        ("127.0.0.1", "1", "2"),
        ("127.0.0.1", "port"),
        ("--dialect", "none"),
        ("--mailbox", "/none"),
        ("--plot", "picture.gif"),
        ("--json", "/none/figures.json"),
        ("--html", "/none/page.html"),
        ("--html", "/"),
        ("--json", "/"),
        ("--think", "9"),
        ("--rate", "5"),
        ("--rate", "0"),
        ("--rate", "100", "--think", "1"),
        ("--rate", "100", "--arrivals", "odd"),
    ],
    ids=" ".join,
)
def test_mistake_is_told_in_one_line(
    options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["multiclient.py", *options])
    with pytest.raises(SystemExit) as ended:
        sys.exit(main())
    output, errors = capsys.readouterr()
    assert ended.value.code == 4 and output == ""
    assert errors.startswith("multiclient: ") and errors.count("\n") == 1


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        process = multiclient("127.0.0.1", str(taken.getsockname()[1]))
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 6 and "refused" in errors and errors.count("\n") == 1


def test_where_it_is_instead_is_named() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        port = listener.getsockname()[1]
        process = multiclient("127.0.0.1", str(port))
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 6 and errors.endswith(f": it does listen on [::1]:{port}\n")


def test_server_that_does_not_start() -> None:
    process = multiclient("--launch", "false")
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 6 and errors.startswith("multiclient: the server ended at once")


@pytest.mark.parametrize("leaves_after", [0.6, 2.5], ids=["at-first", "later"])
def test_server_that_goes_into_the_background(tmp_path: Path, leaves_after: float) -> None:
    text = "import os, time\nfrom reference_server.__main__ import main\n"
    text += f"if os.fork() == 0:\n    os.setsid()\n    main()\ntime.sleep({leaves_after})\n"
    (tmp_path / "daemon.py").write_text(text)
    command = f"{shlex.quote(sys.executable)} {tmp_path / 'daemon.py'} --port {{port}} --time-limit {{time_limit}}"
    process = multiclient("--launch", command, "--time-limit", "1", "--duration", "30")
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 6
    assert errors.startswith("multiclient: the server put itself into the background") and errors.count("\n") == 1


def test_interrupted_run_still_shows_its_table(running: Process) -> None:
    process = multiclient("127.0.0.1", str(running.port), *UNTIL_GONE)
    wait_until(lambda: stored(running.directory) > 10)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert "250 message" in output and output.splitlines()[-1].startswith("interrupted: ")


def test_never_more_than_four_ungreeted() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        port = listener.getsockname()[1]
        process = multiclient("127.0.0.1", str(port), "--time-limit", "1", "--duration", "4")
        accepted = []

        def accept() -> None:
            with suppress(OSError):
                while True:
                    accepted.append(listener.accept()[0])

        thread = threading.Thread(target=accept)
        thread.start()
        output, _ = process.communicate(timeout=PATIENCE)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        for one in accepted:
            one.close()
    assert process.returncode == 1
    assert "too few connections are served at once" in output
    assert 0 < len(accepted) <= 8  # four, and four more when those were given up


def deliver(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection, connection.makefile("rb") as replies:
        for data in (b"HELO else\r\n", b"MAIL FROM: a@b\r\n", b"RCPT TO: c@d\r\n", b"DATA\r\n", b"else\r\n.\r\n"):
            replies.readline()
            connection.sendall(data)
        replies.readline()


def test_somebody_else_may_deliver_too(running: Process, tmp_path: Path) -> None:
    deliver(running.port)
    options = ("--target", f"127.0.0.1:{running.port}", "--mailbox", str(running.directory), "--connections", "8")
    process = multiclient(*options, *SOME, "--time-limit", "10", "--json", str(tmp_path / "figures"))
    wait_until(lambda: stored(running.directory) > 10)
    for _ in range(5):
        deliver(running.port)
    output, _ = process.communicate(timeout=PATIENCE)
    figures = json.loads((tmp_path / "figures").read_text())
    assert process.returncode == 0, output
    assert figures["mailbox"]["foreign"] == 5
    assert figures["mailbox"]["found"] == figures["mailbox"]["acknowledged"] == figures["messages"] > 100
    assert "5 are somebody else's" in output


def test_server_that_is_killed_under_it(running: Process) -> None:
    process = multiclient("127.0.0.1", str(running.port), *UNTIL_GONE)
    wait_until(lambda: stored(running.directory) > 10)
    running.stop()
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "WRONG pool.alive: the server takes no connections any more" in output


def test_page_is_written(ended: Get) -> None:
    page = ended("nested-mail-in-other-words").page
    assert page.startswith("<!doctype html>") and "<h1>Wrong</h1>" in page and "mail.nested" in page
    assert "<h1>Right</h1>" in ended("right").page


def test_run_without_a_page_needs_nothing_that_writes_one() -> None:
    code = (
        "import sys, multiclient; print([name for name in ('jinja2', 'matplotlib', 'reports') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"


def test_python_without_the_libraries_is_told_in_one_line() -> None:
    ended = subprocess.run([sys.executable, "-S", "multiclient.py"], cwd=PROJECT, capture_output=True, text=True)
    assert ended.returncode == 4 and ended.stdout == ""
    assert re.fullmatch("multiclient: faker is not installed for .*: install this project with its pip\n", ended.stderr)
