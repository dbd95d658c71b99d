# The bare-bones server made to speak SMTP.  It serves its clients in turn, so nothing has to be locked.
import socket
import sys
from time import time

host, port, limit, netid = "127.0.0.1", 8765, 10.0, "oa1"
for i in range(1, len(sys.argv) - 1, 2):
    if sys.argv[i] == "-p":
        port = int(sys.argv[i + 1])
    elif sys.argv[i] == "-l":
        limit = float(sys.argv[i + 1])
    elif sys.argv[i] == "-n":
        netid = sys.argv[i + 1]


class ClientGone(Exception):
    pass


class SMTPHandler:
    numbers = 0

    def __init__(self, sock):
        self.socket = sock
        self.left_over = b""
        self.helo = None
        self.sender = None
        self.recipients = []
        self.expect()

    def expect(self):
        self.time_is_up = time() + limit

    def tell(self, what):
        self.socket.sendall(what.encode("latin-1") + b"\r\n")

    def next_piece(self):
        if not self.left_over:
            seconds = self.time_is_up - time()
            if seconds <= 0:
                raise TimeoutError
            self.socket.settimeout(seconds)
            self.left_over = self.socket.recv(1024)
            if not self.left_over:
                raise ClientGone
        piece, self.left_over = self.left_over[:1], self.left_over[1:]
        return piece.decode("latin-1")

    def collect_input(self):
        """Takes one letter after the other, until the letters together end in CR LF."""
        letters = []
        while not "".join(letters).endswith("\r\n"):
            if time() > self.time_is_up:
                raise TimeoutError
            letters.append(self.next_piece())
        return "".join(letters[:-2])

    def handle(self):
        self.tell("220 %s SMTP CS4410MP3" % netid)
        while True:
            line = self.collect_input()
            verb = line.split()[0].upper()
            rest = line.strip()[len(verb) :].strip()
            method = getattr(self, "do_" + verb, None) if verb in ("HELO", "MAIL", "RCPT", "DATA") else None
            if method is None:
                self.tell("502 5.5.2 Error: command not recognized")
            else:
                method(rest)

    def do_HELO(self, rest):
        if len(rest.split()) != 1:
            self.tell("501 Syntax: HELO yourhostname")
        elif self.helo is not None:
            self.tell("503 Error: duplicate HELO")
        else:
            self.helo = rest
            self.expect()
            self.tell("250 %s" % netid)

    def do_MAIL(self, rest):
        address = rest[len("FROM:") :].strip()
        if not rest.upper().startswith("FROM:") or address == "":
            self.tell("501 Syntax: MAIL FROM: address")
        elif self.helo is None:
            self.tell("503 Error: need HELO command")
        elif self.sender is not None:
            self.tell("503 5.5.1 Error: nested MAIL command")
        elif self.bad(address):
            self.tell("504 5.5.2 <%s>: Sender address rejected" % address)
        else:
            self.sender = address
            self.expect()
            self.tell("250  2.1.0 OK")

    def do_RCPT(self, rest):
        address = rest[len("TO:") :].strip()
        if not rest.upper().startswith("TO:") or address == "":
            self.tell("501 Syntax: RCPT TO: address")
        elif self.sender is None:
            self.tell("503 Error: need %s command" % ("HELO" if self.helo is None else "MAIL FROM"))
        elif self.bad(address):
            self.tell("504 5.5.2 <%s>: Recipient address invalid" % address)
        else:
            self.recipients.append(address)
            self.expect()
            self.tell("250 2.1.5 OK")

    def bad(self, address):
        for letter in address:
            if letter <= " " or letter > "~":
                return True
        return False

    def do_DATA(self, rest):
        if rest != "":
            self.tell("501 Syntax: DATA")
        elif self.helo is None:
            self.tell("503 Error: need HELO command")
        elif self.sender is None:
            self.tell("503 Error: need MAIL FROM command")
        elif not self.recipients:
            self.tell("503 Error: need RCPT TO command")
        else:
            self.expect()
            self.tell("354 End data with <CR><LF>.<CR><LF>")
            lines = []
            while True:
                line = self.collect_input()
                if line == ".":
                    break
                lines.append(line)
            self.append(lines)
            self.sender, self.recipients = None, []
            self.expect()
            self.tell("250 OK: delivered message %d" % SMTPHandler.numbers)

    def append(self, lines):
        SMTPHandler.numbers += 1
        with open("mailbox", "a", encoding="latin-1", newline="\n") as mailbox:
            print("Received: from", self.helo, "by", netid, "(CS4410MP3)", file=mailbox)
            print("Number:", SMTPHandler.numbers, file=mailbox)
            print("From:", self.sender, file=mailbox)
            for recipient in self.recipients:
                print("To:", recipient, file=mailbox)
            print(file=mailbox)
            for line in lines:
                print(line, file=mailbox)
            print(file=mailbox)


def serverloop():
    serversocket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    serversocket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    serversocket.bind((host, port))
    serversocket.listen(50)
    while True:
        clientsocket, address = serversocket.accept()
        handler = SMTPHandler(clientsocket)
        try:
            handler.handle()
        except TimeoutError:
            try:
                handler.tell("421 4.4.2 %s Error: timeout exceeded" % netid)
            except OSError:
                pass
        except (ClientGone, OSError):
            pass
        clientsocket.close()


serverloop()
