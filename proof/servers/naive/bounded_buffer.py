"""MP3.  The connections go through a bounded buffer (a monitor, as in the lecture on producers and consumers)."""

import argparse
import socket
from threading import Condition, Thread
from time import monotonic


class BoundedBuffer:
    """A slot for each consumer that waits; without one the producer waits."""

    def __init__(self):
        self.monitor = Condition()
        self.items = []
        self.hungry = 0

    def wait_for_consumer(self):
        with self.monitor:
            self.monitor.wait_for(lambda: self.hungry > len(self.items))

    def produce(self, item):
        with self.monitor:
            self.items.append(item)
            self.monitor.notify_all()

    def consume(self):
        with self.monitor:
            self.hungry += 1
            self.monitor.notify_all()
            self.monitor.wait_for(lambda: self.items)
            self.hungry -= 1
            return self.items.pop(0)


class Inbox:
    def __init__(self, netid):
        self.netid, self.delivered, self.archived = netid, 0, 0
        self.monitor = Condition()
        open("mailbox", "w").close()
        Thread(target=self.archive, daemon=True).start()

    def full(self):
        return self.delivered == self.archived + 32

    def deliver(self, host, sender, recipients, body):
        with self.monitor:
            self.monitor.wait_for(lambda: not self.full())
            self.delivered += 1
            head = ["Received: from %s by %s (CS4410MP3)" % (host, self.netid)]
            head += ["Number: %d" % self.delivered, "From: " + sender]
            head += ["To: " + recipient for recipient in recipients]
            with open("mailbox", "ab") as file:
                file.write(("\n".join(head) + "\n").encode("latin-1") + body.replace(b"\r\n", b"\n") + b"\n")
            self.monitor.notify_all()
            return self.delivered

    def archive(self):
        while True:
            with self.monitor:
                self.monitor.wait_for(self.full)
                with open("mailbox", "rb") as file:
                    content = file.read()
                with open("mailbox.%d-%d" % (self.archived + 1, self.delivered), "wb") as file:
                    file.write(content)
                open("mailbox", "w").close()
                self.archived = self.delivered
                self.monitor.notify_all()


def handle_client(sock, inbox, limit):
    host = sender = ""
    recipients = []
    deadline = monotonic() + limit

    def receive():
        left = deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        sock.settimeout(left)
        data = sock.recv(65536)
        if not data:
            raise ConnectionError
        return data

    def reply(text):
        sock.sendall((text + "\r\n").encode("latin-1"))

    def clean(address):
        return all(33 <= ord(letter) <= 126 for letter in address)

    try:
        reply("220 %s SMTP CS4410MP3" % inbox.netid)
        while True:
            line = receive().decode("latin-1").strip(" \t\r\n")
            verb, *arguments = line.split(None, 1) or [""]
            verb = verb.upper()
            argument = arguments[0] if arguments else ""
            if verb == "HELO":
                if len(argument.split()) != 1:
                    reply("501 Syntax: HELO yourhostname")
                elif host:
                    reply("503 Error: duplicate HELO")
                else:
                    host = argument
                    deadline = monotonic() + limit
                    reply("250 " + inbox.netid)
            elif verb == "MAIL":
                keyword, address = argument[:5].upper(), argument[5:].strip(" \t")
                if keyword != "FROM:" or not address:
                    reply("501 Syntax: MAIL FROM: address")
                elif not host:
                    reply("503 Error: need HELO command")
                elif sender:
                    reply("503 5.5.1 Error: nested MAIL command")
                elif not clean(address):
                    reply("504 5.5.2 <%s>: Sender address rejected" % address)
                else:
                    sender = address
                    deadline = monotonic() + limit
                    reply("250 2.1.0 OK")
            elif verb == "RCPT":
                keyword, address = argument[:3].upper(), argument[3:].strip(" \t")
                if keyword != "TO:" or not address:
                    reply("501 Syntax: RCPT TO: address")
                elif not sender:
                    reply("503 Error: need %s command" % ("MAIL FROM" if host else "HELO"))
                elif not clean(address):
                    reply("504 5.5.2 <%s>: Recipient address invalid" % address)
                else:
                    recipients.append(address)
                    deadline = monotonic() + limit
                    reply("250 2.1.5 OK")
            elif verb == "DATA":
                if argument:
                    reply("501 Syntax: DATA")
                elif not sender or not recipients:
                    reply("503 Error: need %s command" % ("RCPT TO" if sender else "MAIL FROM" if host else "HELO"))
                else:
                    deadline = monotonic() + limit
                    reply("354 End data with <CR><LF>.<CR><LF>")
                    body = bytearray(b"\r\n")
                    while not body.endswith(b"\r\n.\r\n"):
                        body += receive()
                    number = inbox.deliver(host, sender, recipients, bytes(body[2:-3]))
                    sender = ""
                    deadline = monotonic() + limit
                    reply("250 OK: delivered message %d" % number)
            else:
                reply("502 5.5.2 Error: command not recognized")
    except TimeoutError:
        try:
            sock.sendall(b"421 4.4.2 %s Error: timeout exceeded" % inbox.netid.encode())
        except OSError:
            pass
    except OSError:
        pass


def consumer(buffer, inbox, limit):
    while True:
        with buffer.consume() as sock:
            handle_client(sock, inbox, limit)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="SMTP server")
    parser.add_argument("-p", "--port", type=int, default=8765)
    parser.add_argument("-l", "--limit", type=float, default=10.0)
    parser.add_argument("-n", "--netid", default="bb246")
    options = parser.parse_args()
    buffer, inbox = BoundedBuffer(), Inbox(options.netid)
    for _ in range(32):
        Thread(target=consumer, args=(buffer, inbox, options.limit), daemon=True).start()
    listener = socket.create_server(("127.0.0.1", options.port), backlog=100)
    while True:
        buffer.wait_for_consumer()
        buffer.produce(listener.accept()[0])
