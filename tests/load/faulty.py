"""The reference server with one deliberate fault: `python faulty.py FAULT [OPTION ...]`."""

import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from reference_server import __main__ as server
from reference_server.channel import Channel, ClockExpired
from reference_server.mailbox import Mailbox, Message
from reference_server.session import Session

reply = Channel.reply
deliver = Mailbox.deliver
append = Mailbox._append
answer = Session._answer
run = Session.run
read_line = Channel.read_line
read_body = Channel.read_body
receive = Channel._receive

delivered = 0
answered = 0


def rarely(every: int) -> bool:
    """Whether it is time for a fault that shows now and then."""
    global answered
    answered += 1
    return answered % every == 0


def wait_until(happened: Callable[[], bool]) -> None:
    """Wait for what another thread does, a second at the most."""
    deadline = time.monotonic() + 1.0
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.001)


def replies(old: bytes, new: bytes) -> Callable[[], None]:
    return patched(Channel, "reply", lambda self, text: reply(self, text.replace(old, new)))


def patched(owner: Any, name: str, function: Any) -> Callable[[], None]:
    return lambda: setattr(owner, name, function)


def nested_replaces(self: Session, address: bytes) -> bytes:
    self._reverse_path = address
    return b"250 2.1.0 OK"


def rcpt_before_mail(self: Session, address: bytes) -> bytes:
    self._recipients.append(address)
    return b"250 2.1.5 OK"


def refused_recipient_kept(self: Session, line: bytes) -> bytes:
    text = answer(self, line)
    if text.endswith(b"Recipient address invalid"):
        self._recipients.append(b"kept@example.org")
    return text


def recipients_stay(self: Session) -> None:
    self._reverse_path = b""


def lost_now_and_then(self: Mailbox, entry: bytes) -> None:
    if not rarely(60):
        append(self, entry)


def doubled_now_and_then(self: Mailbox, entry: bytes) -> None:
    append(self, entry)
    if rarely(60):
        append(self, entry)


def doubled_with_new_number(self: Mailbox, message: Message) -> int:
    if rarely(60):
        deliver(self, message)
    return deliver(self, message)


def cut_now_and_then(self: Mailbox, entry: bytes) -> None:
    append(self, entry[:-20] + b"\r\n\r\n" if rarely(60) and len(entry) > 200 else entry)


def no_empty_line(self: Mailbox, entry: bytes) -> None:
    append(self, entry[:-2] if rarely(60) else entry)


def mixed(self: Mailbox, message: Message) -> int:
    if rarely(60):
        message.recipients = [*message.recipients, b"somebody@else.example"]
    return deliver(self, message)


def number_race(self: Mailbox, message: Message) -> int:
    global delivered
    number = delivered + 1
    if rarely(60):
        wait_until(lambda: delivered >= number)  # another thread has read the same number
    delivered = number
    deliver(self, message)
    return number


def number_skipped(self: Mailbox, message: Message) -> int:
    if rarely(60):
        with self._lock:
            self._last_number += 1
    return deliver(self, message)


def order_race(self: Mailbox, message: Message) -> int:
    global delivered
    with lock:
        delivered += 1
        number = delivered
    if rarely(60):
        wait_until(lambda: self._last_number > number)  # another thread is faster
    with self._lock:
        while self._backup_due:
            self._backup_is_done.wait()
        self._append(message.entry(self._netid, number))
        self._last_number = max(self._last_number, number)
    return number


lock = threading.Lock()


def limit(factor: float) -> Callable[[], None]:
    def restart(self: Channel) -> None:
        self._deadline = time.monotonic() + factor * self._time_limit

    return patched(Channel, "restart_clock", restart)


def errors_restart(self: Channel, text: bytes) -> None:
    reply(self, text)
    self.restart_clock()


def bytes_restart(self: Channel) -> None:
    receive(self)
    self.restart_clock()


def mute_timeout(self: Channel, text: bytes) -> None:
    pass


def drops_joined(self: Channel, limit: int) -> bytes | None:
    line = read_line(self, limit)
    self._received.clear()
    return line


def segment_is_line(self: Channel, limit: int) -> bytes | None:
    while not self._received:
        self._receive()
    line = bytes(self._received).removesuffix(b"\r\n")
    self._received.clear()
    return line


def hangs_now_and_then(self: Session, line: bytes) -> bytes:
    if rarely(5000):
        time.sleep(3600)
    return answer(self, line)


def no_crlf(self: Channel, text: bytes) -> None:
    reply(self, text)
    del self._replies[-2:]
    self._replies += b"\n"


def doubles_reply(self: Channel, text: bytes) -> None:
    reply(self, text)
    if rarely(500):
        reply(self, text)


def leaks_worker(self: Session) -> None:
    run(self)
    if rarely(10):
        time.sleep(3600)


def abandoned_delivered(self: Channel, limit: int, stuffed: bytes) -> bytes | None:
    try:
        return read_body(self, limit, stuffed)
    except (EOFError, ClockExpired):
        return bytes(self._received[2:])


def crosses_replies(self: Channel, text: bytes) -> None:
    global previous
    if rarely(3000):
        text, previous = previous, text
    else:
        previous = text
    reply(self, text)


previous = b"250 2.1.0 OK"


def dies(self: Session, line: bytes) -> bytes:
    if rarely(2_000):
        os._exit(7)
    return answer(self, line)


def stalls(self: Session, line: bytes) -> bytes:
    global stalled
    stalled = stalled or rarely(2_000)
    if stalled:
        time.sleep(3600)
    return answer(self, line)


stalled = False


def silent(self: Session) -> None:
    time.sleep(3600)


def floods(self: Session) -> None:
    with suppress(OSError):
        while True:
            self._channel._connection.send(b"220 \x1b[31mflood " + b"x" * 60_000)


FAULTS: dict[str, Callable[[], None]] = {
    "wrong-code": replies(b"503 5.5.1", b"502 5.5.1"),
    "wrong-words": replies(b"delivered message", b"delivered as"),
    "wrong-netid": replies(b"250 reference", b"250 another"),
    "no-crlf": patched(Channel, "reply", no_crlf),
    "no-empty-line": patched(Mailbox, "_append", no_empty_line),
    "nested-replaces": patched(Session, "_mail", nested_replaces),
    "rcpt-before-mail": patched(Session, "_rcpt", rcpt_before_mail),
    "refused-recipient-kept": patched(Session, "_answer", refused_recipient_kept),
    "recipients-stay": patched(Session, "_forget_message", recipients_stay),
    "lost": patched(Mailbox, "_append", lost_now_and_then),
    "doubled": patched(Mailbox, "_append", doubled_now_and_then),
    "doubled-new-number": patched(Mailbox, "deliver", doubled_with_new_number),
    "cut": patched(Mailbox, "_append", cut_now_and_then),
    "mixed": patched(Mailbox, "deliver", mixed),
    "number-race": patched(Mailbox, "deliver", number_race),
    "number-skipped": patched(Mailbox, "deliver", number_skipped),
    "order-race": patched(Mailbox, "deliver", order_race),
    "early": limit(0.9),
    "late": limit(4.0),
    "errors-restart": patched(Channel, "reply", errors_restart),
    "bytes-restart": patched(Channel, "_receive", bytes_restart),
    "mute-timeout": patched(Channel, "last_reply", mute_timeout),
    "drops-joined": patched(Channel, "read_line", drops_joined),
    "segment-is-line": patched(Channel, "read_line", segment_is_line),
    "hangs": patched(Session, "_answer", hangs_now_and_then),
    "doubles-reply": patched(Channel, "reply", doubles_reply),
    "leaks-worker": patched(Session, "run", leaks_worker),
    "abandoned-delivered": patched(Channel, "read_body", abandoned_delivered),
    "crosses-replies": patched(Channel, "reply", crosses_replies),
    "dies": patched(Session, "_answer", dies),
    "stalls": patched(Session, "_answer", stalls),
    "silent": patched(Session, "run", silent),
    "floods": patched(Session, "run", floods),
}


if __name__ == "__main__":
    FAULTS[sys.argv.pop(1)]()
    server.main()
