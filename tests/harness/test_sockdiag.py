"""What Linux says of ports when it is asked."""

from __future__ import annotations

import socket

import pytest

from conformance.harness.server import sockdiag


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_port_is_listened_on_while_somebody_listens(family: int, host: str) -> None:
    with socket.socket(family) as one:
        one.bind((host, 0))
        port = one.getsockname()[1]
        assert not sockdiag.may_listen(port)
        one.listen()
        assert sockdiag.may_listen(port)
        with socket.create_connection((host, port)) as client:
            assert not sockdiag.may_listen(client.getsockname()[1])
    assert not sockdiag.may_listen(port)


def test_all_listeners_are_told_however_many() -> None:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(200)]
    try:
        assert all(sockdiag.may_listen(one.getsockname()[1]) for one in listeners)
    finally:
        for one in listeners:
            one.close()


@pytest.mark.parametrize("gone", ["AF_NETLINK", "SOCK_DIAG"])
def test_where_nobody_answers_anything_may_listen(monkeypatch: pytest.MonkeyPatch, gone: str) -> None:
    if gone == "AF_NETLINK":
        monkeypatch.delattr(socket, "AF_NETLINK")
    else:
        monkeypatch.setattr(sockdiag, "BY_FAMILY", 19)
    assert sockdiag.may_listen(1)
