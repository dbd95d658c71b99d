"""SMTP server for MP3.  Every connection is turned into a file object; 32 threads share the listening socket."""

import argparse
import shutil
import socket
import threading
import time

parser = argparse.ArgumentParser()
parser.add_argument("-p", type=int, default=8765)
parser.add_argument("-l", type=float, default=10)
parser.add_argument("-n", default="jd777")
args = parser.parse_args()


class Gone(Exception):
    pass


class Inbox:
    """Monitor: numbers the mails, writes them, and makes way for the backup."""

    def __init__(self):
        self.cond = threading.Condition()
        self.count = 0
        self.saved = 0
        open("mailbox", "wb").close()
        threading.Thread(target=self.backup, daemon=True).start()

    def backup(self):
        while True:
            with self.cond:
                while self.count < self.saved + 32:
                    self.cond.wait()
                shutil.copyfile("mailbox", "mailbox.%d-%d" % (self.saved + 1, self.saved + 32))
                open("mailbox", "wb").close()
                self.saved += 32
                self.cond.notify_all()

    def put(self, head, body):
        with self.cond:
            while self.count == self.saved + 32:
                self.cond.wait()
            self.count += 1
            with open("mailbox", "ab") as f:
                f.write((head % self.count).encode("latin-1"))
                f.writelines(body)
                f.write(b"\n")
            self.cond.notify_all()
            return self.count


def handle(sock, inbox):
    reader = sock.makefile("rb")
    writer = sock.makefile("wb")
    client = {"host": None, "from": None, "to": []}
    deadline = time.time() + args.l

    def reply(text, *rest):
        print_to(text % rest if rest else text)

    def print_to(text):
        writer.write(text.encode("latin-1") + b"\n")
        writer.flush()

    def readline():
        left = deadline - time.time()
        if left <= 0:
            raise TimeoutError
        sock.settimeout(left)
        line = reader.readline()
        if not line.endswith(b"\n"):
            raise Gone
        return line

    def missing():
        if client["host"] is None:
            return "HELO"
        return "MAIL FROM" if client["from"] is None else "RCPT TO"

    def split_address(words, rest, keyword):
        """Returns the address, or None when the syntax is wrong."""
        rest = rest.strip(" \t")
        if rest[: len(keyword)].upper() != keyword:
            return None
        return rest[len(keyword) :].strip(" \t") or None

    def is_address(text):
        return all("!" <= c <= "~" for c in text)

    try:
        reply("220 Welcome to the mail server of %s!", args.n)
        while True:
            line = readline().decode("latin-1").strip(" \t\r\n")
            words = line.split()
            cmd = words[0].upper() if words else ""
            if cmd == "HELO":
                if len(words) != 2:
                    reply("501 Syntax: HELO yourhostname")
                elif client["host"] is not None:
                    reply("503 Error: duplicate HELO")
                else:
                    client["host"] = words[1]
                    deadline = time.time() + args.l
                    reply("250 %s", args.n)
            elif cmd == "MAIL":
                address = split_address(words, line[4:], "FROM:")
                if address is None:
                    reply("501 Syntax: MAIL FROM: youraddress")
                elif client["host"] is None:
                    reply("503 Error: need HELO command")
                elif client["from"] is not None:
                    reply("503 5.5.1 Error: nested MAIL command")
                elif not is_address(address):
                    reply("504 5.5.2 <%s>: Sender address rejected", address)
                else:
                    client["from"] = address
                    deadline = time.time() + args.l
                    reply("250 2.1.0 OK")
            elif cmd == "RCPT":
                address = split_address(words, line[4:], "TO:")
                if address is None:
                    reply("501 Syntax: RCPT TO: address")
                elif client["from"] is None:
                    reply("503 Error: need %s command", missing())
                elif not is_address(address):
                    reply("504 5.5.2 <%s>: Recipient address invalid", address)
                else:
                    client["to"].append(address)
                    deadline = time.time() + args.l
                    reply("250 2.1.5 OK")
            elif cmd == "DATA":
                if len(words) > 1:
                    reply("501 Syntax: DATA")
                elif not client["to"]:
                    reply("503 Error: need %s command", missing())
                else:
                    deadline = time.time() + args.l
                    reply("354 End data with <CR><LF>.<CR><LF>")
                    body = []
                    while (line := readline()) != b".\r\n":
                        body.append(line[:-2] + b"\n" if line.endswith(b"\r\n") else line)
                    head = "Received: from %s by %s (CS4410MP3)\nNumber: %%d\nFrom: %s\nTo: %s\n\n" % tuple(
                        part.replace("%", "%%")
                        for part in (client["host"], args.n, client["from"], ", ".join(client["to"]))
                    )
                    number = inbox.put(head, body)
                    client.update({"from": None, "to": []})
                    deadline = time.time() + args.l
                    reply("250 OK: delivered message %d", number)
            else:
                reply("502 5.5.2 Error: command not recognized")
    except TimeoutError:
        try:
            sock.settimeout(1)
            print_to("421 4.4.2 %s Error: timeout exceeded" % args.n)
        except OSError:
            pass
    except (Gone, OSError):
        pass
    finally:
        for f in (reader, writer, sock):
            try:
                f.close()
            except OSError:
                pass


def serve(listener, turn, inbox):
    while True:
        with turn:
            sock, _ = listener.accept()
        handle(sock, inbox)


if __name__ == "__main__":
    inbox = Inbox()
    listener = socket.create_server(("127.0.0.1", args.p), backlog=64)
    turn = threading.Lock()
    threads = [threading.Thread(target=serve, args=(listener, turn, inbox), daemon=True) for _ in range(32)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
