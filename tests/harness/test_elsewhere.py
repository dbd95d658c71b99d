"""A server that listens elsewhere than it is looked for: it is said where, and soon."""

from __future__ import annotations

import contextlib
import random
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from conformance.cs4410.kind import KIND
from conformance.cs4410.profile import PROFILE
from conformance.harness.run import probe
from conformance.harness.server import proc
from conformance.harness.server.launch import START_LIMIT, Process, Unreachable
from tests.harness.plain import PLAIN

pytestmark = pytest.mark.usefixtures("temporary")
LISTENS = """
import socket, sys, time
port = int(sys.argv[1])
listener = {}
time.sleep(1000)
"""
WHERE = {
    "loopback-6": ("socket.create_server(('::1', port), family=socket.AF_INET6)", "[::1]:{port}", "[::1]:{port}"),
    "every-6": ("socket.create_server(('::', port), family=socket.AF_INET6)", "[::]:{port}", "[::1]:{port}"),
    "loopback-2": ("socket.create_server(('127.0.0.2', port))", "127.0.0.2:{port}", "127.0.0.2:{port}"),
}


@pytest.mark.parametrize("where", WHERE)
def test_another_address_is_named(script: Callable[[str], str], where: str) -> None:
    call, shown, target = WHERE[where]
    began = time.monotonic()
    with pytest.raises(Unreachable) as error:
        Process(KIND, f"{script(LISTENS.format(call))} {{port}}", 1.0).stop()
    assert time.monotonic() - began < START_LIMIT - 5.0
    said = str(error.value)
    port = said.partition("127.0.0.1:")[2].partition(":")[0]
    assert said == (
        f"the server does not listen on 127.0.0.1:{port}: it listens on {shown.format(port=port)} alone: let it listen "
        f"on 127.0.0.1, or start it yourself and name it with --target {target.format(port=port)}"
    )


@pytest.mark.parametrize(
    ("words", "wanted"), [("{port}", "the port that {port} stands for"), ("0", "port ")], ids=["ignored", "none"]
)
def test_another_port_is_named(script: Callable[[str], str], words: str, wanted: str) -> None:
    listens = LISTENS.format("socket.create_server(('127.0.0.1', 0))")
    with pytest.raises(Unreachable, match=rf"it listens on 127\.0\.0\.1:\d+ alone: let it listen on {wanted}"):
        Process(KIND, f"sh -c '{script(listens)} {words}; true'", 1.0).stop()


def test_a_second_listener_is_no_matter(script: Callable[[str], str], start: Callable[..., Process]) -> None:
    """One that opens another port first, and takes its time for this one."""
    both = "other = socket.create_server(('127.0.0.1', 0)); time.sleep(1.6)\n"
    process = start(f"{script(LISTENS.replace('listener', both + 'listener').format(V4))} {{port}}")
    assert process.status is None


V4 = "socket.create_server(('127.0.0.1', port))"
DUAL = "socket.create_server(('::', port), family=socket.AF_INET6, dualstack_ipv6=True)"


@pytest.mark.parametrize("call", [V4, V4.replace("127.0.0.1", ""), DUAL], ids=["one", "every-4", "dual"])
def test_one_that_listens_there_as_well_is_at_home(
    script: Callable[[str], str], start: Callable[..., Process], call: str
) -> None:
    began = time.monotonic()
    process = start(f"{script(LISTENS.format(call))} {{port}}")
    assert process.status is None
    assert time.monotonic() - began < START_LIMIT


@pytest.fixture
def listen() -> Iterator[Callable[..., int]]:
    """Listen on an address, on a port that no system gives to anybody, for others may have it at the other family."""
    open_ones: list[socket.socket] = []

    def one(host: str, dual: bool = False) -> int:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        while True:
            with contextlib.suppress(OSError):
                port = random.randrange(10_000, 20_000)
                open_ones.append(socket.create_server((host, port), family=family, dualstack_ipv6=dual))
                return port

    yield one
    for listener in open_ones:
        listener.close()


@pytest.mark.parametrize(
    ("listens", "target", "instead"),
    [
        ("::1", "localhost", "[::1]"),
        ("::1", "127.0.0.1", "[::1]"),
        ("::", "127.0.0.1", "[::1]"),
        ("127.0.0.1", "[::1]", "127.0.0.1"),
        ("0.0.0.0", "[::1]", "127.0.0.1"),
        ("127.0.0.2", "localhost", "127.0.0.2"),
    ],
)
def test_a_target_that_is_elsewhere_is_named(
    listen: Callable[..., int], listens: str, target: str, instead: str
) -> None:
    port = listen(listens)
    # Held, so that no other test listens there meanwhile.
    with socket.socket(socket.AF_INET6 if "[" in target else socket.AF_INET) as held:
        if listens != "::":  # which holds both
            held.bind(("::1" if "[" in target else "127.0.0.1", port))
        with pytest.raises(Unreachable) as error:
            probe.look(replace(PLAIN, target=f"{target}:{port}"), PROFILE)
    where = f"{instead}:{port}"
    assert str(error.value) == f"nothing listens on {target}:{port}: it does on {where}: write --target {where}"


def test_where_a_listener_serves(listen: Callable[..., int]) -> None:
    both, six, four = listen("::", dual=True), listen("::"), listen("0.0.0.0")
    served = {port: [proc.serves(host, port) for host in ("127.0.0.1", "::1")] for port in (both, six, four)}
    assert served == {both: [True, True], six: [False, True], four: [True, False]}
