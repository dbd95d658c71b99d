"""A mail server with two monitors (the mailbox, and the hand-over of clients) and one object per client."""

import socket
import time
from optparse import OptionParser
from threading import Condition, Lock, Thread

HOST = "127.0.0.1"
THREADS = 32


class Mailbox:
    GROUP = 32

    def __init__(self, netid):
        self.netid = netid
        self.lock = Lock()
        self.backup_needed = Condition(self.lock)
        self.backup_done = Condition(self.lock)
        self.messages = 0
        self.backed_up = 0
        with open("mailbox", "w"):
            pass

    def deliver(self, client):
        with self.lock:
            while self.messages - self.backed_up >= self.GROUP:
                self.backup_done.wait()
            self.messages += 1
            entry = "Received: from %s by %s (CS4410MP3)\n" % (client.host, self.netid)
            entry += "Number: %d\nFrom: %s\n" % (self.messages, client.sender)
            for recipient in client.recipients:
                entry += "To: " + recipient + "\n"
            entry += "\n" + "".join(line + "\n" for line in client.body) + "\n"
            with open("mailbox", "a", encoding="latin-1", newline="") as box:
                box.write(entry)
            if self.messages - self.backed_up >= self.GROUP:
                self.backup_needed.notify()
            return self.messages

    def run_backup(self):
        while True:
            with self.lock:
                while self.messages - self.backed_up < self.GROUP:
                    self.backup_needed.wait()
                first, last = self.backed_up + 1, self.backed_up + self.GROUP
                with open("mailbox", "rb") as box, open("mailbox.%d-%d" % (first, last), "wb") as copy:
                    copy.write(box.read())
                self.backed_up = last
                self.backup_done.notify_all()


class Clients:
    """The producer waits until a thread is free; the threads wait until the producer has a client."""

    def __init__(self):
        self.lock = Lock()
        self.changed = Condition(self.lock)
        self.free = 0
        self.sockets = []

    def wait_until_free(self):
        with self.lock:
            while self.free == 0:
                self.changed.wait()
            self.free -= 1

    def put(self, sock):
        with self.lock:
            self.sockets.append(sock)
            self.changed.notify_all()

    def get(self):
        with self.lock:
            self.free += 1
            self.changed.notify_all()
            while not self.sockets:
                self.changed.wait()
            return self.sockets.pop(0)


class ClientLeft(Exception):
    pass


class Client:
    def __init__(self, sock, mailbox, limit):
        self.sock, self.mailbox, self.limit = sock, mailbox, limit
        self.input = bytearray()
        self.host = None
        self.forget()
        self.start_clock()

    def forget(self):
        self.sender, self.recipients, self.body = None, [], []

    def start_clock(self):
        self.end = time.time() + self.limit

    def send(self, text):
        self.sock.sendall((text + "\r\n").encode("latin-1"))

    def receive_line(self):
        start = 0
        while (at := self.input.find(b"\r\n", start)) < 0:
            start = max(len(self.input) - 1, 0)
            left = self.end - time.time()
            if left <= 0:
                raise TimeoutError
            self.sock.settimeout(left)
            data = self.sock.recv(8192)
            if not data:
                raise ClientLeft
            self.input += data
        line = self.input[:at].decode("latin-1")
        del self.input[: at + 2]
        return line

    def run(self):
        self.send("220 %s SMTP CS4410MP3" % self.mailbox.netid)
        while True:
            line = self.receive_line()
            command = line.split()[0].upper()
            rest = line.strip()[len(command) :].strip()
            if command == "HELO":
                self.helo(rest)
            elif command == "MAIL":
                self.mail(rest)
            elif command == "RCPT":
                self.rcpt(rest)
            elif command == "DATA":
                self.data(rest)
            else:
                self.send("502 5.5.2 Error: command not recognized")

    def need(self):
        return "HELO" if not self.host else "MAIL FROM" if not self.sender else "RCPT TO"

    def helo(self, rest):
        if len(rest.split()) != 1:
            self.send("501 Syntax: HELO yourhostname")
        elif self.host:
            self.send("503 Error: duplicate HELO")
        else:
            self.host = rest
            self.start_clock()
            self.send("250 " + self.mailbox.netid)

    @staticmethod
    def printable(address):
        return all(" " < letter < "\x7f" for letter in address)

    def mail(self, rest):
        address = rest[5:].strip()
        if rest[:5].upper() != "FROM:" or not address:
            self.send("501 Syntax: MAIL FROM: address")
        elif not self.host:
            self.send("503 Error: need HELO command")
        elif self.sender:
            self.send("503 5.5.1 Error: nested MAIL command")
        elif not self.printable(address):
            self.send("504 5.5.2 <%s>: Sender address rejected" % address)
        else:
            self.sender = address
            self.start_clock()
            self.send("250 2.1.0 OK")

    def rcpt(self, rest):
        address = rest[3:].strip()
        if rest[:3].upper() != "TO:" or not address:
            self.send("501 Syntax: RCPT TO: address")
        elif not self.sender:
            self.send("503 Error: need %s command" % self.need())
        elif not self.printable(address):
            self.send("504 5.5.2 <%s>: Recipient address invalid" % address)
        else:
            self.recipients.append(address)
            self.send("250 2.1.5 OK")

    def data(self, rest):
        if rest:
            self.send("501 Syntax: DATA")
        elif not self.recipients:
            self.send("503 Error: need %s command" % self.need())
        else:
            self.start_clock()
            self.send("354 End data with <CR><LF>.<CR><LF>")
            while (line := self.receive_line()).strip() != ".":
                self.body.append(line)
            number = self.mailbox.deliver(self)
            self.forget()
            self.start_clock()
            self.send("250 OK:  delivered message %d" % number)


def thread_main(clients, mailbox, limit):
    while True:
        sock = clients.get()
        try:
            Client(sock, mailbox, limit).run()
        except TimeoutError:
            try:
                sock.sendall(("421 4.4.2 %s Error: timeout exceeded\r\n" % mailbox.netid).encode())
            except OSError:
                pass
        except (ClientLeft, OSError):
            pass
        sock.close()


def main():
    parser = OptionParser()
    parser.add_option("-p", dest="port", type="int", default=8765)
    parser.add_option("-l", dest="limit", type="float", default=10)
    parser.add_option("-n", dest="netid", default="mm88")
    options, _ = parser.parse_args()
    mailbox, clients = Mailbox(options.netid), Clients()
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, options.port))
    listener.listen(50)
    Thread(target=mailbox.run_backup, daemon=True).start()
    for _ in range(THREADS):
        Thread(target=thread_main, args=(clients, mailbox, options.limit), daemon=True).start()
    while True:
        clients.wait_until_free()
        clients.put(listener.accept()[0])


if __name__ == "__main__":
    main()
