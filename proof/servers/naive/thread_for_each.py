"""One thread for each client.  Strings everywhere: what comes in is decoded at once, as UTF-8."""

import os
import socket
import sys
import threading
import time

NETID = "tf90"
TIMEOUT = 30
MOST = threading.Semaphore(90)  # threads, for the sake of the machine


class Smtp(threading.Thread):
    number = 0
    lock = threading.Lock()
    backup_wanted = threading.Condition(lock)
    backup_running = False

    def __init__(self, sock):
        super().__init__(daemon=True)
        self.sock = sock
        self.data = b""
        self.pending = []
        self.host = ""
        self.mail_from = ""
        self.rcpt_to = []
        self.deadline = 0

    def send(self, reply):
        self.sock.sendall((reply + "\r\n").encode())

    def progress(self):
        self.deadline = time.time() + TIMEOUT

    def get_line(self):
        while not self.pending:
            self.sock.settimeout(max(0.001, self.deadline - time.time()))
            chunk = self.sock.recv(1 << 16)
            if not chunk:
                raise EOFError
            *lines, self.data = (self.data + chunk).split(b"\r\n")
            self.pending = lines[::-1]
        return self.pending.pop().decode()

    def run(self):
        try:
            self.progress()
            self.send("220 %s SMTP CS4410MP3" % NETID)
            while True:
                self.one_command(self.get_line().strip())
        except socket.timeout:
            try:
                self.send("421 4.4.2 %s Error: timeout exceeded" % NETID)
            except OSError:
                pass
        except (EOFError, OSError):
            pass
        finally:
            self.sock.close()
            MOST.release()

    def one_command(self, line):
        words = line.split()
        command = words[0].upper() if words else ""
        if command in ("MAIL", "RCPT"):
            keyword = {"MAIL": "FROM:", "RCPT": "TO:"}[command]
            rest = line[4:].strip()
            address = rest[len(keyword) :].strip()
            if not rest.upper().startswith(keyword) or not address:
                self.send("501 Syntax: %s %s <address>" % (command, keyword))
            elif command == "MAIL":
                self.do_mail(address)
            else:
                self.do_rcpt(address)
        elif command == "HELO":
            if len(words) != 2:
                self.send("501 Syntax: HELO yourhostname")
            else:
                self.host = words[1]
                self.progress()
                self.send("250 " + NETID)
        elif command == "DATA":
            self.do_data()
        else:
            self.send("502 5.5.2 Error: command not recognized")

    @staticmethod
    def valid(address):
        return len(address.split()) == 1 and address.isascii() and address.isprintable()

    def do_mail(self, address):
        if not self.host:
            self.send("503 Error: need HELO command")
        elif self.mail_from:
            self.send("503 5.5.1 Error: nested MAIL command")
        elif not self.valid(address):
            self.send("504 5.5.2 <%s>: Sender address rejected" % address)
        else:
            self.mail_from = address
            self.progress()
            self.send("250 2.1.0 OK")

    def do_rcpt(self, address):
        if not self.mail_from:
            self.send("503 Error: need %s command" % ("MAIL FROM" if self.host else "HELO"))
        elif not self.valid(address):
            self.send("504 5.5.2 <%s>: Recipient address invalid" % address)
        else:
            self.rcpt_to.append(address)
            self.progress()
            self.send("250 2.1.5 OK")

    def do_data(self):
        if not self.rcpt_to:
            need = "RCPT TO" if self.mail_from else "MAIL FROM" if self.host else "HELO"
            self.send("503 Error: need %s command" % need)
            return
        self.progress()
        self.send("354 End data with <CR><LF>.<CR><LF>")
        message = ""
        while (line := self.get_line()) != ".":
            message += line + "\n"
        number = self.deliver(message)
        self.mail_from, self.rcpt_to = "", []
        self.progress()
        self.send("250 OK: delivered message %d" % number)

    def deliver(self, message):
        with Smtp.lock:
            while Smtp.backup_running:
                Smtp.backup_wanted.wait()
            Smtp.number += 1
            with open("mailbox", "a", encoding="utf-8", newline="") as mailbox:
                mailbox.write("Received: from %s by %s (CS4410MP3)\n" % (self.host, NETID))
                mailbox.write("Number: %d\nFrom: %s\n" % (Smtp.number, self.mail_from))
                mailbox.writelines("To: %s\n" % to for to in self.rcpt_to)
                mailbox.write("\n" + message + "\n")
            if Smtp.number % 32 == 0:
                Smtp.backup_running = True
                Smtp.backup_wanted.notify_all()
            return Smtp.number


def backup():
    while True:
        with Smtp.lock:
            while not Smtp.backup_running:
                Smtp.backup_wanted.wait()
            os.rename("mailbox", "mailbox.%d-%d" % (Smtp.number - 31, Smtp.number))
            open("mailbox", "w").close()
            Smtp.backup_running = False
            Smtp.backup_wanted.notify_all()


def main():
    global NETID
    port = 8765
    arguments = sys.argv[1:]
    while arguments:
        name, value, *arguments = arguments
        if name == "-p":
            port = int(value)
        elif name == "-n":
            NETID = value
        # -l: the clients of this server are people, and people need half a minute
    open("mailbox", "w").close()
    threading.Thread(target=backup, daemon=True).start()
    server = socket.create_server(("127.0.0.1", port), backlog=100)
    while True:
        client, _ = server.accept()
        MOST.acquire()
        Smtp(client).start()


if __name__ == "__main__":
    main()
