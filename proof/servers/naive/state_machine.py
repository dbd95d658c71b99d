"""MP3 as a state machine: for every state a dictionary of functions, and each function returns the next state."""

import socket
import sys
import threading
import time

options = {"-p": "8765", "-l": "10", "-n": "sm321"}
options.update(zip(sys.argv[1::2], sys.argv[2::2]))
PORT, LIMIT, NETID = int(options["-p"]), float(options["-l"]), options["-n"]

START, GREETED, SENDER, RECIPIENT = "HELO", "MAIL FROM", "RCPT TO", "DATA"  # each named by what it waits for


class Connection:
    def __init__(self, sock):
        self.sock, self.buffer, self.mail = sock, bytearray(), {}
        self.state = START
        self.tick()

    def tick(self):
        self.deadline = time.monotonic() + LIMIT

    def say(self, text):
        self.sock.sendall(bytes(text + "\r\n", "latin-1"))

    def collect_input(self):
        searched = 0
        while True:
            at = self.buffer.find(b"\r\n", searched)
            if at != -1:
                line = self.buffer[:at]
                del self.buffer[: at + 2]
                return line
            searched = max(0, len(self.buffer) - 1)
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("too slow")
            self.sock.settimeout(left)
            data = self.sock.recv(4096)
            while data == b"":
                time.sleep(0.05)  # nothing there yet, try again
                data = self.sock.recv(4096)
            self.buffer.extend(data)


class Monitor:
    def __init__(self):
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)
        self.jobs, self.idle = [], 0
        self.messages, self.saved = 0, 0


monitor = Monitor()


def address_of(connection, rest, keyword, complaint):
    """The address behind a keyword, or None if the client has been told what is wrong with it."""
    if rest[: len(keyword)].upper() != keyword or not rest[len(keyword) :].strip():
        connection.say("501 Syntax: error in command")
        return None
    address = rest[len(keyword) :].strip()
    if all(33 <= ord(c) < 127 for c in address):
        return address
    connection.say("504 5.5.2 <%s>: %s" % (address, complaint))
    return None


def helo(connection, rest):
    if len(rest.split()) != 1:
        connection.say("501 Syntax: error in command")
        return START
    connection.host = rest
    connection.tick()
    connection.say("250 %s" % NETID)
    return GREETED


def again(connection, rest):
    connection.say("503 Error: duplicate HELO" if len(rest.split()) == 1 else "501 Syntax: error in command")
    return connection.state


def mail(connection, rest):
    address = address_of(connection, rest, "FROM:", "Sender address rejected")
    if address is None:
        return GREETED
    connection.mail = {"from": address, "to": []}
    connection.tick()
    connection.say("250 2.1.0 OK ")
    return SENDER


def nested(connection, rest):
    if rest[:5].upper() == "FROM:" and rest[5:].strip():
        connection.say("503 5.5.1 Error: nested MAIL command")
    else:
        connection.say("501 Syntax: error in command")
    return connection.state


def rcpt(connection, rest):
    address = address_of(connection, rest, "TO:", "Recipient address invalid")
    if address is None:
        return connection.state
    connection.mail["to"].append(address)
    connection.tick()
    connection.say("250 2.1.5 OK")
    return RECIPIENT


def data(connection, rest):
    if rest:
        connection.say("501 Syntax: error in command")
        return RECIPIENT
    connection.tick()
    connection.say("354 End data with <CR><LF>.<CR><LF>")
    text = bytearray()
    while (line := connection.collect_input()) != b".":
        text += line + b"\n"
    number = store(connection.host, connection.mail, text)
    connection.tick()
    connection.say("250 OK: delivered message %d" % number)
    return GREETED


def early(connection, rest):
    connection.say("503 Error: need %s command" % connection.state)
    return connection.state


TABLE = {
    START: {"HELO": helo, "MAIL": early, "RCPT": early, "DATA": early},
    GREETED: {"HELO": again, "MAIL": mail, "RCPT": early, "DATA": early},
    SENDER: {"HELO": again, "MAIL": nested, "RCPT": rcpt, "DATA": early},
    RECIPIENT: {"HELO": again, "MAIL": nested, "RCPT": rcpt, "DATA": data},
}


def store(host, mail, text):
    with monitor.lock:
        while monitor.messages == monitor.saved + 32:
            monitor.changed.wait()
        monitor.messages += 1
        head = "Received: from %s by %s (CS4410MP3)\nNumber: %d\nFrom: %s\n"
        head = head % (host, NETID, monitor.messages, mail["from"]) + "".join("To: %s\n" % to for to in mail["to"])
        with open("mailbox", "ab") as file:
            file.write(bytes(head + "\n", "latin-1") + text + b"\n")
        monitor.changed.notify_all()
        return monitor.messages


def backup():
    while True:
        with monitor.lock:
            while monitor.messages < monitor.saved + 32:
                monitor.changed.wait()
            with (
                open("mailbox", "rb+") as old,
                open("mailbox.%d-%d" % (monitor.saved + 1, monitor.messages), "wb") as new,
            ):
                new.write(old.read())
                old.truncate(0)
            monitor.saved = monitor.messages
            monitor.changed.notify_all()


def run(connection):
    try:
        connection.say("220 %s SMTP CS4410MP3" % NETID)
        while True:
            verb, *rest = connection.collect_input().decode("latin-1").strip().split(None, 1) or [""]
            function = TABLE[connection.state].get(verb.upper())
            if function:
                connection.state = function(connection, rest[0] if rest else "")
            else:
                connection.say("500 5.5.1 Error: unknown command")
    except TimeoutError:
        connection.say("421 4.4.2 %s Error: timeout exceeded" % NETID)


def worker():
    while True:
        with monitor.lock:
            monitor.idle += 1
            monitor.changed.notify_all()
            while not monitor.jobs:
                monitor.changed.wait()
            sock = monitor.jobs.pop(0)
        with sock:
            try:
                run(Connection(sock))
            except OSError:
                pass


if __name__ == "__main__":
    open("mailbox", "w").close()
    for target in [backup] + [worker] * 32:
        threading.Thread(target=target, daemon=True).start()
    listening = socket.create_server(("127.0.0.1", PORT), backlog=64)
    while True:
        with monitor.lock:
            while monitor.idle == 0:
                monitor.changed.wait()
            monitor.idle -= 1
        accepted, _ = listening.accept()
        with monitor.lock:
            monitor.jobs.append(accepted)
            monitor.changed.notify_all()
