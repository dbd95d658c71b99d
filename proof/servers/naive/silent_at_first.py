"""MP3.  A session is a list of what has been said so far, and startswith() tells the commands apart."""

import argparse
import socket
from threading import Condition, Event, Thread
from time import monotonic

flags = argparse.ArgumentParser()
flags.add_argument("-p", type=int, default=8765)
flags.add_argument("-l", type=float, default=10.0)
flags.add_argument("-n", default="sf77")
flags = flags.parse_args()


class Shared:
    """All that the threads have in common, behind one condition."""

    def __init__(self):
        self.condition = Condition()
        self.clients = []
        self.busy = 0
        self.mails = 0
        self.group = Event()  # set while 32 mails wait for their backup
        self.written = Event()
        self.written.set()

    def hand_over(self, listener):
        with self.condition:
            self.condition.wait_for(lambda: self.busy < 32)
            self.busy += 1
        client = listener.accept()[0]
        with self.condition:
            self.clients.append(client)
            self.condition.notify_all()

    def take(self):
        with self.condition:
            self.condition.wait_for(lambda: self.clients)
            return self.clients.pop()

    def done(self):
        with self.condition:
            self.busy -= 1
            self.condition.notify_all()

    def store(self, said, body):
        while True:
            self.written.wait()
            with self.condition:
                if not self.written.is_set():
                    continue
                self.mails += 1
                text = "Received: from {} by {} (CS4410MP3)\n".format(said["HELO"], flags.n)
                text += "Number: {}\nFrom: {}\n".format(self.mails, said["MAIL"])
                text += "".join("To: " + to + "\n" for to in said["RCPT"])
                with open("mailbox", "ab") as mailbox:
                    mailbox.write(text.encode("latin-1") + b"\n" + body + b"\n")
                if self.mails % 32 == 0:
                    self.written.clear()
                    self.group.set()
                return self.mails

    def backup(self):
        while True:
            self.group.wait()
            self.group.clear()
            with open("mailbox", "rb") as old:
                content = old.read()
            with open(f"mailbox.{self.mails - 31}-{self.mails}", "wb") as new:
                new.write(content)
            open("mailbox", "wb").close()
            self.written.set()


class Quit(Exception):
    pass


class Talk:
    def __init__(self, client, shared):
        self.client, self.shared = client, shared
        self.bytes = bytearray()
        self.said = {"HELO": "", "MAIL": "", "RCPT": []}

    def line(self, deadline):
        begin = 0
        while (end := self.bytes.find(b"\r\n", begin)) < 0:
            begin = max(len(self.bytes) - 1, 0)
            seconds = deadline - monotonic()
            if seconds <= 0:
                raise TimeoutError
            self.client.settimeout(seconds)
            received = self.client.recv(32768)
            if received == b"":
                raise Quit
            self.bytes += received
        line = bytes(self.bytes[:end])
        del self.bytes[: end + 2]
        return line

    def reply(self, text):
        self.client.sendall(text.encode("latin-1") + b"\r\n")

    def body(self):
        deadline = monotonic() + flags.l
        lines = []
        while (line := self.line(deadline)) != b".":
            lines.append(line + b"\n")
        return b"".join(lines)

    def go(self):
        while True:
            line = self.line(monotonic() + flags.l).decode("latin-1").strip()
            self.reply(self.answer(line, line.upper()))

    def answer(self, line, upper):
        said = self.said
        if upper.startswith("HELO"):
            name = line[4:].strip()
            if len(name.split()) != 1:
                return "501 Syntax: HELO yourhostname"
            if said["HELO"]:
                return "503 Error: duplicate HELO"
            said["HELO"] = name
            return "250 " + flags.n
        if upper.startswith("MAIL ") or upper.startswith("MAIL\t") or upper == "MAIL":
            rest = line[4:].strip()
            address = rest[5:].strip()
            if not rest.upper().startswith("FROM:") or not address:
                return "501 Syntax: MAIL FROM: address"
            if not said["HELO"]:
                return "503 Error: need HELO command"
            if said["MAIL"]:
                return "503 5.5.1 Error: nested MAIL command"
            if len(address.split()) > 1:
                return "504 5.5.2 <" + address + ">: Sender address rejected"
            said["MAIL"] = address
            return "250 2.1.0 OK"
        if upper.startswith("RCPT ") or upper.startswith("RCPT\t") or upper == "RCPT":
            rest = line[4:].strip()
            address = rest[3:].strip()
            if not rest.upper().startswith("TO:") or not address:
                return "501 Syntax: RCPT TO: address"
            if not said["MAIL"]:
                return "503 Error: need " + ("MAIL FROM" if said["HELO"] else "HELO") + " command"
            said["RCPT"].append(address)
            if len(address.split()) > 1:
                return "504 5.5.2 <" + address + ">: Recipient address invalid"
            return "250 2.1.5 OK"
        if upper.startswith("DATA"):
            if not said["RCPT"]:
                need = "RCPT TO" if said["MAIL"] else "MAIL FROM" if said["HELO"] else "HELO"
                return "503 Error: need " + need + " command"
            self.reply("354 End data with <CR><LF>.<CR><LF>")
            number = self.shared.store(said, self.body())
            self.said = {"HELO": said["HELO"], "MAIL": "", "RCPT": []}
            return f"250 OK: delivered message {number}"
        return "502 5.5.2 Error: command not recognized"


def servant(shared):
    while True:
        client = shared.take()
        talk = Talk(client, shared)
        try:
            talk.go()
        except TimeoutError:
            try:
                talk.reply(f"421 4.4.2 {flags.n} Error: timeout exceeded")
            except OSError:
                pass
        except (Quit, OSError):
            pass
        client.close()
        shared.done()


if __name__ == "__main__":
    shared = Shared()
    open("mailbox", "wb").close()
    Thread(target=shared.backup, daemon=True).start()
    for _ in range(32):
        Thread(target=servant, args=(shared,), daemon=True).start()
    listener = socket.create_server(("127.0.0.1", flags.p), backlog=100)
    while True:
        shared.hand_over(listener)
