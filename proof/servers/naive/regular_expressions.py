# CS 4410 MP3: everything that a client can say is described by a regular expression.
import re
import socket
import sys
import time
from threading import Condition, Lock, Semaphore, Thread

options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
port = int(options.get("-p", 8765))
timeout = float(options.get("-l", 10))
netid = options.get("-n", "rx42")

HELO = re.compile(r"^\s*(?:HELO|helo)\s+([\w.-]+)\s*$", re.ASCII)
MAIL = re.compile(r"^\s*(?:MAIL|mail)\s+(?:FROM|from):\s*(\S.*?)\s*$", re.DOTALL)
RCPT = re.compile(r"^\s*(?:RCPT|rcpt)\s+(?:TO|to):\s*(\S.*?)\s*$", re.DOTALL)
DATA = re.compile(r"^\s*(?:DATA|data)\s*$")
BEGIN = re.compile(r"^\s*(HELO|helo|MAIL|mail|RCPT|rcpt|DATA|data)(\s|$)")
ADDRESS = re.compile(r"^[\w.+-]+@[\w.-]+\Z", re.ASCII)
END = re.compile(rb"(?:\A|\r\n)\.\r\n")
SYNTAX = {"HELO": "HELO yourhostname", "MAIL": "MAIL FROM: address", "RCPT": "RCPT TO: address", "DATA": "DATA"}


class Stop(Exception):
    """The client is gone."""


class Late(Exception):
    """The client is too slow."""


class Line:
    """The connection as a source of lines and bodies."""

    def __init__(self, sock):
        self.sock = sock
        self.data = bytearray()
        self.restart()

    def restart(self):
        self.end = time.monotonic() + timeout

    def more(self):
        left = self.end - time.monotonic()
        if left <= 0:
            raise Late
        self.sock.settimeout(left)
        try:
            got = self.sock.recv(65536)
        except TimeoutError:
            raise Late from None
        if not got:
            raise Stop
        self.data.extend(got)

    def line(self):
        while b"\r\n" not in self.data:
            self.more()
        line, _, rest = self.data.partition(b"\r\n")
        self.data = rest
        return line.decode("latin-1")

    def body(self):
        start = 0
        while not (found := END.search(self.data, max(0, start))):
            start = len(self.data) - 4
            self.more()
        body = self.data[: found.start()] + (b"\r\n" if found.group()[:1] == b"\r" else b"")
        self.data = self.data[found.end() :]
        return bytes(body)

    def send(self, text):
        self.sock.sendall(text.encode("latin-1") + b"\r\n")


class Mailbox:
    def __init__(self):
        self.monitor = Condition(Lock())
        self.number = 0
        self.full = False
        self.file = open("mailbox", "w+b")
        Thread(target=self.keep, daemon=True).start()

    def add(self, host, sender, recipients, body):
        with self.monitor:
            while self.full:
                self.monitor.wait()
            self.number += 1
            lines = ["Received: from %s by %s (CS4410MP3)" % (host, netid), "Number: %d" % self.number]
            lines += ["From: " + sender] + ["To: " + one for one in recipients] + ["", ""]
            self.file.write("\n".join(lines).encode("latin-1") + body.replace(b"\r\n", b"\n") + b"\n")
            self.file.flush()
            if self.number % 32 == 0:
                self.full = True
                self.monitor.notify_all()
            return self.number

    def keep(self):
        while True:
            with self.monitor:
                while not self.full:
                    self.monitor.wait()
                self.file.seek(0)
                with open("mailbox.%d-%d" % (self.number - 31, self.number), "wb") as copy:
                    copy.write(self.file.read())
                self.file.seek(0)
                self.file.truncate()
                self.full = False
                self.monitor.notify_all()


def converse(line, mailbox):
    host, sender, recipients = "", "", []
    line.send("220 %s SMTP CS4410MP3" % netid)
    while True:
        text = line.line()
        begin = BEGIN.match(text)
        if not begin:
            line.send("502 5.5.2 Error: command not recognized")
            continue
        verb = begin.group(1).upper()
        found = {"HELO": HELO, "MAIL": MAIL, "RCPT": RCPT, "DATA": DATA}[verb].match(text)
        if not found:
            line.send("501 Syntax: " + SYNTAX[verb])
        elif verb == "HELO":
            if host:
                line.send("503 Error: duplicate HELO")
                continue
            host = found.group(1)
            line.restart()
            line.send("250 " + netid)
        elif not host or (verb != "MAIL" and not sender) or (verb == "DATA" and not recipients):
            line.send("503 Error: bad sequence of commands")
        elif verb == "MAIL":
            if sender:
                line.send("503 5.5.1 Error: nested MAIL command")
            elif not ADDRESS.match(found.group(1)):
                line.send("504 5.5.2 <%s>: Sender address rejected" % found.group(1))
            else:
                sender = found.group(1)
                line.restart()
                line.send("250 2.1.0 OK")
        elif verb == "RCPT":
            if not ADDRESS.match(found.group(1)):
                line.send("504 5.5.2 <%s>: Recipient address invalid" % found.group(1))
            else:
                recipients.append(found.group(1))
                line.restart()
                line.send("250 2.1.5 OK")
                line.send("354 End data with <CR><LF>.<CR><LF>")
        else:
            line.restart()
            line.send("354 End data with <CR><LF>.<CR><LF>")
            body = line.body()
            number = mailbox.add(host, sender, recipients, body)
            sender, recipients = "", []
            line.restart()
            line.send("250 OK: delivered message %d" % number)


def work(jobs, lock, filled, free, mailbox):
    while True:
        filled.acquire()
        with lock:
            sock = jobs.pop(0)
        try:
            converse(Line(sock), mailbox)
        except Late:
            try:
                sock.sendall(("421 4.4.2 %s Error: timeout exceeded\r\n" % netid).encode("latin-1"))
            except OSError:
                pass
        except (Stop, OSError):
            pass
        sock.close()
        free.release()


if __name__ == "__main__":
    server = socket.create_server(("127.0.0.1", port), backlog=100)
    jobs, lock, filled, free, box = [], Lock(), Semaphore(0), Semaphore(32), Mailbox()
    for _ in range(32):
        Thread(target=work, args=(jobs, lock, filled, free, box), daemon=True).start()
    while True:
        free.acquire()
        client = server.accept()[0]
        with lock:
            jobs.append(client)
        filled.release()
