"""SMTP server, begun when a friend took the course two years ago; the words are from his handout."""

import socket
import sys
import threading
import time

WORDS = {
    "greeting": "220 %s SMTP CS4410MP3",
    "helo": "250 %s",
    "ok": "250 OK",
    "data": "354 End data with <CR><LF>.<CR><LF>",
    "done": "250 OK: delivered message %d",
    "syntax": "501 Syntax: %s",
    "unknown": "500 Error: command not recognized",
    "duplicate": "503 Error: duplicate HELO",
    "nested": "503 Error: nested MAIL command",
    "order": "503 Error: need %s command",
    "sender": "555 <%s>: Sender address rejected",
    "recipient": "555 <%s>: Recipient address invalid",
    "timeout": "421 4.4.2 %s Error: timeout exceeded",
}


class Gate:
    """Lets as many clients in as there are threads to serve them."""

    def __init__(self, places):
        self.places = places
        self.condition = threading.Condition()
        self.line = []

    def enter(self):
        with self.condition:
            while self.places == 0:
                self.condition.wait()
            self.places -= 1

    def leave(self):
        with self.condition:
            self.places += 1
            self.condition.notify_all()

    def push(self, client):
        with self.condition:
            self.line.append(client)
            self.condition.notify_all()

    def pull(self):
        with self.condition:
            while len(self.line) == 0:
                self.condition.wait()
            return self.line.pop(0)


class Mails:
    def __init__(self, netid):
        self.netid = netid
        self.lock = threading.Lock()
        self.last = 0
        open("mailbox", "w").close()

    def append(self, host, sender, recipients, lines):
        with self.lock:
            self.last += 1
            with open("mailbox", "ab") as f:
                f.write(b"Received: from " + host + b" by " + self.netid.encode() + b" (CS4410MP3)\n")
                f.write(b"Number: %d\n" % self.last)
                f.write(b"From: " + sender + b"\n")
                for recipient in recipients:
                    f.write(b"To: " + recipient + b"\n")
                f.write(b"\n" + b"".join(line + b"\n" for line in lines) + b"\n")
            return self.last


class Peer:
    def __init__(self, sock, seconds):
        self.sock, self.seconds, self.bytes = sock, seconds, bytearray()
        self.again()

    def again(self):
        self.stop = time.monotonic() + self.seconds

    def say(self, key, *parts):
        parts = [part.decode("latin-1") if isinstance(part, bytes | bytearray) else part for part in parts]
        text = WORDS[key] % tuple(parts) if parts else WORDS[key]
        self.sock.sendall(text.encode("latin-1") + b"\r\n")

    def next_line(self):
        seen = 0
        while (end := self.bytes.find(b"\r\n", seen)) == -1:
            seen = max(0, len(self.bytes) - 1)
            rest = self.stop - time.monotonic()
            if rest <= 0:
                raise TimeoutError
            self.sock.settimeout(rest)
            more = self.sock.recv(10000)
            if not more:
                raise ConnectionError("left")
            self.bytes.extend(more)
        line = bytes(self.bytes[:end])
        del self.bytes[: end + 2]
        return line


def is_printable(token):
    return all(32 < code < 127 for code in token)


def dialogue(peer, mails):
    host = sender = None
    recipients = []
    peer.say("greeting", mails.netid)
    while True:
        line = peer.next_line().upper()  # SMTP is not case sensitive
        line = line.strip(b" ")
        words = line.split(b" ")
        if words[0] == b"HELO":
            if len(words) != 2:
                peer.say("syntax", "HELO yourhostname")
            elif host:
                peer.say("duplicate")
            else:
                host = words[1]
                peer.again()
                peer.say("helo", mails.netid)
        elif words[0] == b"MAIL":
            if words[1:2] != [b"FROM:"] or len(words) < 3:
                peer.say("syntax", "MAIL FROM: address")
            elif not host:
                peer.say("order", "HELO")
            elif sender:
                peer.say("nested")
            elif len(words) > 3 or not is_printable(words[2]):
                peer.say("sender", b" ".join(words[2:]))
            else:
                sender = words[2]
                peer.again()
                peer.say("ok")
        elif words[0] == b"RCPT":
            if words[1:2] != [b"TO:"] or len(words) < 3:
                peer.say("syntax", "RCPT TO: address")
            elif not sender:
                peer.say("order", "MAIL FROM" if host else "HELO")
            elif len(words) > 3 or not is_printable(words[2]):
                peer.say("recipient", b" ".join(words[2:]))
            else:
                recipients.append(words[2])
                peer.again()
                peer.say("ok")
        elif words[0] == b"DATA":
            if len(words) > 1:
                peer.say("syntax", "DATA")
            elif not recipients:
                peer.say("order", "RCPT TO" if sender else "MAIL FROM" if host else "HELO")
            else:
                peer.again()
                peer.say("data")
                lines = []
                while (line := peer.next_line()) != b".":
                    lines.append(line)
                number = mails.append(host, sender, recipients, lines)
                sender, recipients = None, []
                peer.again()
                peer.say("done", number)
        else:
            peer.say("unknown")


def thread(gate, mails, seconds):
    while True:
        sock = gate.pull()
        peer = Peer(sock, seconds)
        try:
            dialogue(peer, mails)
        except TimeoutError:
            try:
                peer.say("timeout", mails.netid)
            except OSError:
                pass
        except OSError:
            pass
        sock.close()
        gate.leave()


def main(arguments):
    values = {"-p": 8765, "-l": 10, "-n": "ee14"}
    values.update(zip(arguments[0::2], arguments[1::2]))
    mails, gate = Mails(values["-n"]), Gate(32)
    server = socket.create_server(("127.0.0.1", int(values["-p"])), backlog=40)
    for _ in range(32):
        threading.Thread(target=thread, args=(gate, mails, float(values["-l"])), daemon=True).start()
    while True:
        gate.enter()
        gate.push(server.accept()[0])


if __name__ == "__main__":
    main(sys.argv[1:])
