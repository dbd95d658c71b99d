"""A plain load that any SMTP server takes: the same right conversation over 32 connections, replies only counted."""

from __future__ import annotations

import select
import socket
import time

from proof.real.recipe import DOMAIN, RECIPIENT

CONNECTIONS = 32
PATIENCE = 10.0
"""Seconds without any reply after which the server is given up."""
_MESSAGE = (
    f"MAIL FROM:<sender@{DOMAIN}>\r\n".encode(),
    f"RCPT TO:<{RECIPIENT}>\r\n".encode(),
    b"DATA\r\n",
    b"A body of one line, as long as most lines of prose are.\r\n.\r\n",
)


class Failed(Exception):
    """The server refuses the load; the message is one line."""


def commands_per_second(address: tuple[str, int], seconds: float, connections: int = CONNECTIONS) -> float:
    """Send messages for some seconds; how many commands (lines and bodies) were answered in each.

    Args:
        address: host and port.
        seconds: for how long.
        connections: over how many at once.

    Raises:
        Failed: a reply was an error, or none came.
    """
    sockets = [_greeted(address) for _ in range(connections)]
    poll = select.epoll()
    by_descriptor = {one.fileno(): one for one in sockets}
    turns = dict.fromkeys(by_descriptor, 0)
    for one in sockets:
        poll.register(one, select.EPOLLIN)
        one.sendall(_MESSAGE[0])
    count = 0
    began = now = time.monotonic()
    try:
        while now - began < seconds:
            ready = poll.poll(PATIENCE)
            if not ready:
                raise Failed(f"no reply within {PATIENCE:g} s")
            for descriptor, _ in ready:
                reply = by_descriptor[descriptor].recv(4096)
                if reply[:1] not in (b"2", b"3"):
                    raise Failed(f"refused: {reply[:60]!r}")
                count += 1
                turns[descriptor] += 1
                by_descriptor[descriptor].sendall(_MESSAGE[turns[descriptor] % len(_MESSAGE)])
            now = time.monotonic()
        return count / (now - began)
    except OSError as error:
        raise Failed(str(error)) from None
    finally:
        for one in sockets:
            one.close()
        poll.close()


def _greeted(address: tuple[str, int]) -> socket.socket:
    try:
        connection = socket.create_connection(address, timeout=PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.recv(4096)
        connection.sendall(b"HELO client.example.org\r\n")
        connection.recv(4096)
    except OSError as error:
        raise Failed(f"not served: {error}") from None
    return connection
