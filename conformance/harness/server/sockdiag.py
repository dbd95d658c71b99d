"""Asks Linux at which ports anything listens, which costs a hundredth of reading /proc/net/tcp and tcp6.

Those walk over all connections of the machine, and a server that starts is looked for every few milliseconds. What is
found here is still to be read there. The structures are those of <linux/netlink.h> and <linux/inet_diag.h>.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

SOCK_DIAG, BY_FAMILY, REQUEST_DUMP = 4, 20, 0x301
ERROR, DONE = 2, 3
LISTEN = 1 << 10
HEAD, QUESTION = struct.Struct("=IHHII"), struct.Struct("=BBBxI48x")
PORT = struct.Struct("!4xH")
"""Where an answer begins: family, state and two bytes of timers, then the port."""


def may_listen(port: int) -> bool:
    """Whether anything listens at a port of this machine; true as well where Linux does not answer."""
    try:
        return port in _ports(socket.AF_INET) or port in _ports(socket.AF_INET6)
    except (OSError, AttributeError):  # another system, or a kernel without it
        return True


def _ports(family: int) -> list[int]:
    question = QUESTION.pack(family, socket.IPPROTO_TCP, 0, LISTEN)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, SOCK_DIAG) as kernel:
        kernel.send(HEAD.pack(HEAD.size + len(question), BY_FAMILY, REQUEST_DUMP, 0, 0) + question)
        return list(_answers(kernel))


def _answers(kernel: socket.socket) -> Iterator[int]:
    while data := kernel.recv(65536):
        while data:
            size, kind, *_ = HEAD.unpack_from(data)
            if kind == DONE:
                return
            if kind == ERROR:
                raise OSError("not to be asked")
            yield PORT.unpack_from(data, HEAD.size)[0]
            data = data[size + 3 & ~3 :]
