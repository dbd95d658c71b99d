"""Workers are objects with a Semaphore each; a worker that is idle lies on a stack, where the producer finds it."""

import argparse
import os
import socket
from threading import Lock, Semaphore, Thread
from time import monotonic as now


class Mailbox:
    def __init__(self):
        self.lock = Lock()
        self.backup = Semaphore(0)
        self.room = Semaphore(32)  # messages until the next backup
        self.number = self.first = 0
        self.path = os.path.join(os.getcwd(), "mailbox")
        open(self.path, "wb").close()
        Thread(target=self.back_up, daemon=True).start()

    def deliver(self, head, body):
        self.room.acquire()
        with self.lock:
            self.number += 1
            number = self.number
            with open(self.path, "ab", buffering=0) as f:
                f.write((head % number).encode("latin-1") + body + b"\n\n")
        if number % 32 == 0:
            self.backup.release()
        return number

    def back_up(self):
        while True:
            self.backup.acquire()
            with self.lock:
                with open(self.path, "rb") as f:
                    entries = f.read()
                with open("%s.%d-%d" % (self.path, self.number - 31, self.number), "wb") as f:
                    f.write(entries)
                os.truncate(self.path, 0)
            for _ in range(32):
                self.room.release()


class Worker(Thread):
    idle = []
    idle_lock = Lock()
    idle_count = Semaphore(0)

    def __init__(self, netid, limit, mailbox):
        Thread.__init__(self, daemon=True)
        self.netid, self.limit, self.mailbox = netid, limit, mailbox
        self.client = None
        self.wake = Semaphore(0)

    def run(self):
        while True:
            with Worker.idle_lock:
                Worker.idle.append(self)
            Worker.idle_count.release()
            self.wake.acquire()
            try:
                self.serve()
            except TimeoutError:
                try:
                    self.reply("421 4.4.2 %s Error: timeout exceeded" % self.netid)
                except OSError:
                    pass
            except OSError:
                pass
            self.client.close()

    def reply(self, text):
        self.client.sendall((text + "\r\n").encode("latin-1"))

    def receive(self):
        """Whatever comes next."""
        left = self.deadline - now()
        if left <= 0:
            raise TimeoutError
        self.client.settimeout(left)
        data = self.client.recv(4096)
        if not data:
            raise ConnectionError("the client has left")
        return data

    def command(self):
        while b"\r\n" not in self.input:
            self.input += self.receive()
        line, self.input = self.input.split(b"\r\n", 1)
        return line.decode("latin-1").strip(" \t")

    def body(self):
        chunks = [self.input or self.receive()]
        self.input = b""
        while not (chunks[-1] == b".\r\n" or chunks[-1].endswith(b"\r\n.\r\n")):
            chunks.append(self.receive())
        return b"".join(chunks)[:-3].rstrip().replace(b"\r\n", b"\n")

    def accepted(self, reply):
        self.deadline = now() + self.limit
        self.reply(reply)

    def serve(self):
        self.input = b""
        self.deadline = now() + self.limit
        host = sender = ""
        recipients = []
        self.reply("220 %s SMTP CS4410MP3" % self.netid)
        while True:
            line = self.command()
            words = line.split() or [""]
            verb = words[0].upper()
            what, _, address = line[4:].strip(" \t").partition(":")
            what, address = what.upper(), address.strip(" \t")
            if verb == "HELO" and len(words) != 2:
                self.reply("501 Syntax: HELO yourhostname")
            elif verb == "HELO" and host:
                self.reply("503 Error: duplicate HELO")
            elif verb == "HELO":
                host = words[1]
                self.accepted("250 " + self.netid)
            elif verb == "MAIL" and (what != "FROM" or not address):
                self.reply("501 Syntax: MAIL FROM: address")
            elif verb == "MAIL" and sender:
                self.reply("503 5.5.1 Error: nested MAIL command")
            elif verb == "MAIL" and not self.is_email(address):
                self.reply("504 5.5.2 <%s>: Sender address rejected" % address)
            elif verb == "MAIL":
                sender = address
                self.accepted("250 2.1.0 OK")
            elif verb == "RCPT" and (what != "TO" or not address):
                self.reply("501 Syntax: RCPT TO: address")
            elif verb == "RCPT" and not sender:
                self.reply("503 Error: need MAIL FROM command")
            elif verb == "RCPT" and not self.is_email(address):
                self.reply("504 5.5.2 <%s>: Recipient address invalid" % address)
            elif verb == "RCPT":
                recipients.append(address)
                self.accepted("250 2.1.5 OK")
            elif verb == "DATA" and len(words) > 1:
                self.reply("501 Syntax: DATA")
            elif verb == "DATA" and not recipients:
                self.reply("503 Error: need %s command" % ("RCPT TO" if sender else "MAIL FROM"))
            elif verb == "DATA":
                self.accepted("354 End data with <CR><LF>.<CR><LF>")
                body = self.body()
                head = "Received: from %s by %s (CS4410MP3)\n" % (host, self.netid) + "Number: NUMBER\n"
                head += "From: %s\n" % sender + "".join("To: %s\n" % one for one in recipients) + "\n"
                head = head.replace("%", "%%").replace("Number: NUMBER\n", "Number: %d\n", 1)
                number = self.mailbox.deliver(head, body)
                sender, recipients = "", []
                self.accepted("250 OK: delivered message %d" % number)
            else:
                self.reply("502 5.5.2 Error: command not recognized")

    @staticmethod
    def is_email(address):
        return "." in address and all(32 < ord(letter) < 127 for letter in address)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-p", type=int, default=8765)
    parser.add_argument("-l", type=float, default=10)
    parser.add_argument("-n", default="doi5")
    arguments = parser.parse_args()
    mailbox = Mailbox()
    for _ in range(32):
        Worker(arguments.n, arguments.l, mailbox).start()
    listener = socket.create_server(("127.0.0.1", arguments.p), backlog=100)
    while True:
        Worker.idle_count.acquire()
        client, _ = listener.accept()
        with Worker.idle_lock:
            worker = Worker.idle.pop()
        worker.client = client
        worker.wake.release()


if __name__ == "__main__":
    main()
