# My thread pool: a list, a lock, and a semaphore that counts what is in the list.
import socket
import sys
import time
from threading import Lock, Semaphore, Thread


class ThreadPool:
    def __init__(self, size, job):
        self.list, self.lock, self.items = [], Lock(), Semaphore(0)
        self.job = job
        for _ in range(size):
            t = Thread(target=self.run)
            t.daemon = True
            t.start()

    def add(self, thing):
        with self.lock:
            self.list.append(thing)
        self.items.release()

    def run(self):
        while True:
            self.items.acquire()
            with self.lock:
                thing = self.list.pop(0)
            self.job(thing)


class Settings:
    port, seconds, netid = 8765, 10.0, "ls123"


boxlock = Lock()
MAXERRORS = 10


class Bye(Exception):
    pass


class Session:
    """One client: its lines come from the socket through a small buffer."""

    def __init__(self, sock):
        self.sock = sock
        self.buf = b""
        self.pos = 0
        self.errors = 0
        self.number = 0
        self.hostname = ""
        self.reset()
        self.until = time.time() + Settings.seconds

    def reset(self):
        self.mailfrom, self.rcptto = "", []

    def fill(self):
        left = self.until - time.time()
        if left <= 0:
            raise Bye("time")
        self.sock.settimeout(left)
        try:
            self.buf, self.pos = self.sock.recv(16384), 0
        except TimeoutError:
            raise Bye("time") from None
        if not self.buf:
            raise Bye("gone")

    def readline(self):
        line = bytearray()
        while line[-2:] != b"\r\n":
            if self.pos == len(self.buf):
                self.fill()
            end = self.buf.find(b"\n", self.pos) + 1 or len(self.buf)
            line += self.buf[self.pos : end]
            self.pos = end
        return bytes(line[:-2])

    def ok(self, text):
        self.until = time.time() + Settings.seconds
        self.answer(text)

    def error(self, text):
        self.answer(text)
        self.errors += 1
        if self.errors >= MAXERRORS:
            raise Bye("too many errors")

    def answer(self, text):
        self.sock.sendall(text.encode("latin-1") + b"\r\n")

    def check_order(self, wanted):
        """Complains about the first command that is missing, if one is."""
        done = {"HELO": self.hostname, "MAIL FROM": self.mailfrom, "RCPT TO": self.rcptto}
        for name in wanted:
            if not done[name]:
                self.error("503 Error: need %s command" % name)
                return False
        return True

    def go(self):
        self.answer("220 %s SMTP CS4410MP3" % Settings.netid)
        while True:
            line = self.readline().decode("latin-1").strip(" \t")
            verb, rest = line[:4].upper(), line[4:]
            separate = rest == "" or rest[0] in " \t"
            rest = rest.strip(" \t")
            if verb == "HELO" and separate:
                if not rest or " " in rest or "\t" in rest:
                    self.error("501 Syntax: HELO yourhostname")
                elif self.hostname:
                    self.error("503 Error: duplicate HELO")
                else:
                    self.hostname = rest
                    self.ok("250 %s " % Settings.netid)
            elif verb == "MAIL" and separate:
                address = rest[5:].strip(" \t")
                if rest[:5].upper() != "FROM:" or not address:
                    self.error("501 Syntax: MAIL FROM: address")
                elif not self.check_order(["HELO"]):
                    pass
                elif self.mailfrom:
                    self.error("503 5.5.1 Error: nested MAIL command")
                elif any(not 32 < ord(c) < 127 for c in address):
                    self.error("504 5.5.2 <%s>: Sender address rejected" % address)
                else:
                    self.mailfrom = address
                    self.ok("250 2.1.0 OK")
            elif verb == "RCPT" and separate:
                address = rest[3:].strip(" \t")
                if rest[:3].upper() != "TO:" or not address:
                    self.error("501 Syntax: RCPT TO: address")
                elif not self.check_order(["HELO", "MAIL FROM"]):
                    pass
                elif any(not 32 < ord(c) < 127 for c in address):
                    self.error("504 5.5.2 <%s>: Recipient address invalid" % address)
                else:
                    self.rcptto.append(address)
                    self.ok("250 2.1.5 OK")
            elif verb == "DATA" and separate:
                if rest:
                    self.error("501 Syntax: DATA")
                elif self.check_order(["HELO", "MAIL FROM", "RCPT TO"]):
                    self.ok("354 End data with <CR><LF>.<CR><LF>")
                    self.message()
            else:
                self.error("502 5.5.2 Error: command not recognized")

    def message(self):
        text = []
        while True:
            line = self.readline()
            if line == b".":
                break
            text.append(line + b"\n")
        self.number += 1
        head = "Received: from %s by %s (CS4410MP3)\nNumber: %d\nFrom: %s\n"
        head %= (self.hostname, Settings.netid, self.number, self.mailfrom)
        head += "".join("To: %s\n" % one for one in self.rcptto) + "\n"
        with boxlock, open("mailbox", "ab") as box:
            box.write(head.encode("latin-1") + b"".join(text) + b"\n")
        self.reset()
        self.ok("250 OK: delivered message %d" % self.number)


def serve(sock):
    try:
        Session(sock).go()
    except (Bye, OSError):
        pass
    sock.close()


def main(argv):
    for flag, value in zip(argv[::2], argv[1::2]):
        if flag == "-p":
            Settings.port = int(value)
        if flag == "-l":
            Settings.seconds = float(value)
        if flag == "-n":
            Settings.netid = value
    open("mailbox", "w").close()
    pool = ThreadPool(32, serve)
    s = socket.create_server(("127.0.0.1", Settings.port), backlog=128)
    while True:
        pool.add(s.accept()[0])


main(sys.argv[1:])
