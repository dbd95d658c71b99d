"""The server's own words: what a runtime prints when something went wrong is recognized, folded and quoted."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.cs4410.case import Case
from conformance.cs4410.kind import KIND
from conformance.cs4410.profile import PROFILE
from conformance.harness.run.bench import Bench, Plan
from conformance.harness.server import complaints
from conformance.harness.server.complaints import KEPT, SHOWN, Complaints, Reader
from conformance.harness.server.launch import Process
from conformance.harness.server.target import Launched
from conformance.harness.verdict.verdict import Record
from conformance.harness.wire.manners import Manners
from tests.harness.families import wait_until
from tests.harness.plain import PLAIN

SAID = {
    "a limit": """
        confine: ended, for it used more than 512 MiB of disk
        -> confine: ended, for it used more than 512 MiB of disk""",
    "python-thread": """
        Exception in thread Thread-1 (serve):
        Traceback (most recent call last):
          File "/usr/lib/python3.11/threading.py", line 1038, in _bootstrap_inner
            self.run()
          File "server.py", line 3, in serve
            client.settimeout(-1)
            ^^^^^^^^^^^^^^^^^^^^^
        ValueError: Timeout value out of range
        -> ValueError: Timeout value out of range""",
    "python-2": """
        Unhandled exception in thread started by <function serve at 0x7f0c5a5d>
        Traceback (most recent call last):
          File "server.py", line 3, in serve
            raise socket.error(104, "reset")
        socket.error: [Errno 104] reset
        -> socket.error: [Errno 104] reset""",
    "python-2-thread": """
        Exception in thread Thread-7:
        Traceback (most recent call last):
          File "server.py", line 3, in serve
            client.send(reply)
        error: [Errno 104] Connection reset by peer
        -> error: [Errno 104] Connection reset by peer""",
    "python-2-time-out": """
        Traceback (most recent call last):
          File "server.py", line 3, in serve
            data = client.recv(1024)
        timeout: timed out
        -> timeout: timed out""",
    "python-logged": """
        [worker 3] Traceback (most recent call last):
          File "server.py", line 3, in serve
        ValueError: bad
        -> ValueError: bad""",
    "python-after-a-print": """
        listening...Traceback (most recent call last):
          File "server.py", line 3, in <module>
        OSError: [Errno 98] Address already in use
        -> OSError: [Errno 98] Address already in use""",
    "python-in-a-line": """
        Exception in thread Thread-3 (serve): ValueError: bad
        -> Exception in thread Thread-3 (serve): ValueError: bad""",
    "python-syntax": """
          File "server.py", line 3
            def serve(
                     ^
        SyntaxError: '(' was never closed
        -> SyntaxError: '(' was never closed""",
    "own-panic": """
        server panic: no buffer left
        -> panic: no buffer left""",
    "own-panic-in-capitals": """
        PANIC: the pool is empty
        -> PANIC: the pool is empty""",
    "python-ignored": """
        Exception ignored in: <function Channel.__del__ at 0x7f>
        Traceback (most recent call last):
          File "server.py", line 3, in __del__
        AttributeError: 'Channel' object has no attribute 'x'
        -> AttributeError: 'Channel' object has no attribute 'x'""",
    "python-chained": """
        Traceback (most recent call last):
          File "server.py", line 3, in serve
        KeyError: 'x'

        During handling of the above exception, another exception occurred:

        Traceback (most recent call last):
          File "server.py", line 5, in serve
        RuntimeError: no x
        -> RuntimeError: no x""",
    "python-bare": """
        Traceback (most recent call last):
          File "server.py", line 3, in <module>
            raise AssertionError
        AssertionError
        -> AssertionError""",
    "python-fatal": """
        Fatal Python error: Segmentation fault

        Current thread 0x00007f (most recent call first):
          File "server.py", line 1 in <module>
        -> Fatal Python error: Segmentation fault""",
    "go": """
        panic: runtime error: index out of range [3] with length 3

        goroutine 34 [running]:
        main.serve(0xc000)
        \t/home/ada/server.go:12 +0x1d
        exit status 2
        -> panic: runtime error: index out of range [3] with length 3""",
    "go-recovered": """
        goroutine 7 [running]:
        runtime/debug.Stack()
        -> goroutine [running]""",
    "go-deadlock": """
        fatal error: all goroutines are asleep - deadlock!

        goroutine 1 [chan receive]:
        -> fatal error: all goroutines are asleep - deadlock!""",
    "rust": """
        thread '<unnamed>' panicked at src/main.rs:5:9:
        called `Option::unwrap()` on a `None` value
        note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
        -> panicked at src/main.rs:5:9: called `Option::unwrap()` on a `None` value""",
    "rust-earlier": """
        thread 'main' panicked at 'boom', src/main.rs:2:5
        -> panicked at 'boom', src/main.rs:2:5""",
    "java": """
        Exception in thread "pool-1-thread-3" java.lang.NullPointerException: no client
        \tat Server.serve(Server.java:17)
        \tat java.base/java.lang.Thread.run(Thread.java:833)
        Caused by: java.io.IOException: gone
        \t... 2 more
        -> java.lang.NullPointerException: no client""",
    "java-caught": """
        java.net.SocketException: Connection reset
        \tat java.base/sun.nio.ch.NioSocketImpl.implRead(NioSocketImpl.java:328)
        -> java.net.SocketException: Connection reset""",
    "node": """
        /home/ada/server.js:3
            throw new TypeError('no')
            ^

        TypeError: no
            at Socket.<anonymous> (/home/ada/server.js:3:11)
        -> TypeError: no""",
    "node-promise": """
        (node:31) UnhandledPromiseRejectionWarning: Error: no
        -> UnhandledPromiseRejectionWarning: Error: no""",
    "c++": """
        terminate called after throwing an instance of 'std::out_of_range'
          what():  vector::_M_range_check
        -> terminate called after throwing an instance of 'std::out_of_range' what():  vector::_M_range_check""",
    "c++-int": """
        terminate called after throwing an instance of 'int'
        -> terminate called after throwing an instance of 'int'""",
    "c-assert": """
        server: server.c:12: serve: Assertion `client >= 0' failed.
        -> server.c:12: serve: Assertion `client >= 0' failed.""",
    "shell": """
        run.sh: line 3:  4711 Segmentation fault      (core dumped) ./server
        -> Segmentation fault      (core dumped) ./server""",
    "asan": """
        =================================================================
        ==4711==ERROR: AddressSanitizer: heap-use-after-free on address 0x60
        -> AddressSanitizer: heap-use-after-free on address 0x60""",
    "glibc": """
        *** stack smashing detected ***: terminated
        -> *** stack smashing detected ***: terminated""",
    "heap": """
        double free or corruption (fasttop)
        -> double free or corruption (fasttop)""",
    "ruby": """
        server.rb:3:in `serve': undefined method `x' for nil:NilClass (NoMethodError)
        -> undefined method `x' for nil:NilClass (NoMethodError)""",
    "perl": """
        Can't call method "send" on an undefined value at server.pl line 7, <$client> line 2.
        -> Can't call method "send" on an undefined value at server.pl line 7, <$client> line 2.""",
    "php": """
        PHP Fatal error:  Uncaught ValueError: no in /srv/server.php:3
        -> PHP Fatal error:  Uncaught ValueError: no in /srv/server.php:3""",
    ".net": """
        Unhandled exception. System.InvalidOperationException: no
           at Server.Serve() in /srv/Server.cs:line 3
        -> System.InvalidOperationException: no""",
}


def read(*pieces: bytes) -> Counter[str]:
    found = Complaints()
    reader = Reader(found)
    for piece in pieces:
        reader.feed(piece)
    return found.take()


@pytest.mark.parametrize("name", SAID)
def test_what_runtimes_say_is_recognized_however_it_is_cut(name: str) -> None:
    text, _, expected = textwrap.dedent(SAID[name]).lstrip("\n").rpartition("-> ")
    output = f"listening\n{text}and on we go\n".encode()
    assert read(output) == {expected: 1}
    assert read(*(output[at : at + 1] for at in range(len(output)))) == {expected: 1}
    assert read(output.replace(b"\n", b"\r\n")) == {expected: 1}
    # Whoever logs what clients send quotes it, and so does one that logs what it has caught.
    quoted = b"".join(b"12:00:03 DATA: " + line + b"\n" for line in output.splitlines())
    assert read(quoted) == {}


def test_mere_logs_are_none() -> None:
    logged = b"""error: bad command\nERROR 502 5.5.2 Error: command not recognized\n[error] client gone\nError: 42
ValueError: seen and answered\n220 panic room ready\nException handling is on\nassertions: on\nconnection: closed\n
not a Traceback (most recent call last):\ngot b'Traceback (most recent call last):'\nClosed: 3\n"""
    assert read(logged * 3) == {}


def test_a_traceback_that_others_interrupt_is_still_one() -> None:
    lines = SAID["python-thread"].rpartition("->")[0]
    woven = "\n".join(line for row in textwrap.dedent(lines).split("\n") for line in (row, "client: connected"))
    assert read(woven.encode()) == {"ValueError: Timeout value out of range": 1}
    both = "\n".join(line for row in textwrap.dedent(lines).strip().split("\n") for line in (row, row))
    assert read(f"{both}\n".encode()) == {"ValueError: Timeout value out of range": 2}


@pytest.mark.parametrize("last", [
    "ValueError: not a numberException in thread Thread-9 (work):", "ValueError: not a number    self.run()",
    "ValueError: self._target(*self._args, **self._kwargs)", 'ValueError:   File "server.py", line 3, in serve',
    "ValueError: not a numberThread-280 (work):", "ValueError: Traceback (most recent call last):", "ValueError: :",
    "ValueErrorValueError", "ValueError: : not a number", "ValueError",
])  # fmt: skip
def test_a_last_line_that_others_broke_into_is_no_other_kind(last: str) -> None:
    raised = "Traceback (most recent call last):\n  File 'server.py', line 3, in serve\n%s\n"
    found = read("".join(raised % line for line in ("ValueError: not a number", last, "KeyError: 4")).encode())
    assert complaints.remarks(found) == [
        "the server printed an exception 2 times: ValueError: not a number",
        "the server printed an exception: KeyError: 4",
    ]


def test_threads_that_raise_at_once_are_one_remark() -> None:
    program = """
        import sys, threading
        sys.setswitchinterval(1e-5)
        def work():
            raise ValueError("not a number")
        for _ in range(10):
            threads = [threading.Thread(target=work) for _ in range(32)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], stderr=subprocess.PIPE, check=True)
    [remark] = complaints.remarks(read(run.stderr))
    assert re.fullmatch(r"the server printed an exception \d{3} times: ValueError: not a number", remark)


def test_what_is_kept_and_shown_is_bounded_and_does_no_harm() -> None:
    line = b"panic: \x1b[31m\xff\xfe<b>" + b"x" * 5_000_000 + b"\n"
    [text] = read(line)
    assert text.startswith("panic: \\xff\\xfe<b>xxx") and len(text) == SHOWN
    found = Complaints()
    reader = Reader(found)
    for number in range(3 * KEPT):
        reader.feed(b"panic: %d\n" % number)
    assert len(found.take()) == KEPT
    assert found.take() == {}


def test_repeats_are_folded() -> None:
    counts = Counter({"ValueError: no": 17, "panic: client 7": 1, "panic: client 8": 1, "Segmentation fault": 1})
    assert complaints.remarks(counts) == [
        "the server printed an exception 17 times: ValueError: no",
        "the server printed a panic 2 times: panic: client 7",
        "the server printed a crash: Segmentation fault",
    ]
    many = complaints.remarks({f"{chr(97 + number)}.Error: no": 1 for number in range(20)})
    assert len(many) == complaints.REMARKS + 1
    assert many[-1] == "the server printed 15 more kinds of exceptions or crashes"
    assert complaints.remarks({}) == []
    limit = "confine: ended, for it used more than 512 MiB of disk"
    assert complaints.remarks({limit: 2}) == [f"{limit} 2 times"]


SERVER = """
    import socket, sys, threading
    def serve(client):
        client.sendall(b"220 me SMTP CS4410MP3\\r\\n")
        line = client.recv(100)
        if line.startswith(b"HELO"):
            client.sendall(b"250 me\\r\\n")
        else:
            with client:
                int(line)
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],)).start()
"""


@pytest.fixture
def hold(script: Callable[[str], str], temporary: Path) -> Callable[[str], tuple[Record, Bench]]:
    """Run a case that sends a line, on a server that greets, answers HELO, and has an exception at all else."""

    def one(line: str) -> tuple[Record, Bench]:
        server = Launched(KIND, f"{script(SERVER)} {{port}}", 5.0, Manners())
        bench = Bench(server, replace(PLAIN, time_limit=5.0), PROFILE)
        try:
            return bench.run(Plan("x.py::test_x", "Title.", ("helo",), lambda case: _send(case, line))), bench
        finally:
            server.stop()

    return one


def _send(case: Case, line: str) -> None:
    case.client().expect(line, "helo")


def test_it_stands_beside_what_the_case_found(hold: Callable[[str], tuple[Record, Bench]]) -> None:
    record, bench = hold("HALO me")
    told = "the server printed meanwhile: ValueError: invalid literal for int() with base 10: b'HALO me\\r\\n'"
    assert record.verdict == "fail" and record.worst
    assert record.worst.reason.endswith(f"; {told}")
    assert record.transcript.entries()[-1][1:] == ("--", told)
    assert sum(bench.server.complaints.take().values()) == 1


def test_a_case_that_passes_says_nothing_of_it(hold: Callable[[str], tuple[Record, Bench]]) -> None:
    record, _ = hold("HELO me")
    assert (record.verdict, record.findings) == ("pass", [])
    assert not any("printed" in text for _, _, text in record.transcript.entries())


def test_what_it_says_of_its_own_end_is_our_doing(
    script: Callable[[str], str], start: Callable[..., Process], temporary: Path
) -> None:
    dies = "import signal, socket, sys, time; signal.signal(signal.SIGTERM, lambda *_: 1 / 0)\n"
    dies += "kept = socket.create_server(('127.0.0.1', int(sys.argv[1]))); print('ready', flush=True); time.sleep(1000)"
    process = start(f"{script(dies)} {{port}}")
    assert wait_until(lambda: "ready" in process.printed())
    process.stop()
    assert "ZeroDivisionError" in process.printed()
    assert process.complaints.take() == {}


@pytest.mark.parametrize(
    ("program", "text", "expected"),
    [
        ("node", "setTimeout(() => { throw new RangeError('deep') }, 1)", "RangeError: deep"),
        ("node", "Promise.reject(new Error('no'))", "Error: no"),
        ("perl", "my $x; $x->send()", 'Can\'t call method "send" on an undefined value at -e line 1.'),
        ("sh", "sh -c 'kill -SEGV $$'; true", "Segmentation fault"),
        (sys.executable, "import threading; threading.Thread(target=lambda: 1 / 0).start()", "ZeroDivisionError"),
        (sys.executable, "import sys\ndef f(): f()\nf()", "RecursionError: maximum recursion depth exceeded"),
        (sys.executable, "import faulthandler; faulthandler._fatal_error_c_thread()", "Fatal Python error"),
    ],
)
def test_real_runtimes_are_recognized(program: str, text: str, expected: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    flag = "-c" if program in ("sh", sys.executable) else "-e"
    done = subprocess.run([program, flag, text], capture_output=True, timeout=60, check=False)
    [found] = read(done.stdout + done.stderr + b"\n")
    assert found.startswith(expected)
