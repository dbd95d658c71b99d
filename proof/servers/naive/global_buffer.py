# MP3 SMTP server.  Plain functions, a few globals, and one buffer per connection in a global dict.
import getopt
import socket
import sys
import threading

PORT = 8765
LIMIT = 10.0
NETID = "abc12"
POOL = 32

buffers = {}  # file number -> bytes that have come and are not used yet
waiting = []  # connections that no thread has taken yet
idle = 0  # threads that have nothing to do
work = threading.Condition()
mail_lock = threading.Lock()
delivered = 0


def say(conn, text):
    conn.sendall((text + "\r\n").encode("latin-1"))


def collect_input(conn):
    """One line without its end, or None if the client is gone.  Raises socket.timeout."""
    buf = buffers[conn.fileno()]
    looked = 0
    while True:
        end = buf.find(b"\r\n", looked)
        if end >= 0:
            line = bytes(buf[:end])
            del buf[: end + 2]
            return line
        looked = max(0, len(buf) - 1)
        data = conn.recv(4096)
        if not data:
            return None
        buf += data


def good(address):
    return all(33 <= ord(c) <= 126 for c in address)


def deliver(host, sender, rcpts, body):
    global delivered
    with mail_lock:
        delivered += 1
        with open("mailbox", "ab") as box:
            box.write(("Received from %s by %s (CS4410MP3)\n" % (host, NETID)).encode("latin-1"))
            box.write(("Number: %d\nFrom: %s\n" % (delivered, sender)).encode("latin-1"))
            for rcpt in rcpts:
                box.write(("To: %s\n" % rcpt).encode("latin-1"))
            box.write(b"\n")
            for line in body:
                box.write(line + b"\n")
            box.write(b"\n")
        return delivered


def read_body(conn):
    body = []
    while True:
        line = collect_input(conn)
        if line is None:
            return None
        if line == b".":
            return body
        body.append(line)


def argument(line, word):
    """What stands behind `FROM:` or `TO:`; None if that word is not there."""
    rest = line.lstrip()[4:].strip(" \t")
    if rest[: len(word)].upper() != word:
        return None
    return rest[len(word) :].strip(" \t")


def talk(conn):
    host = sender = None
    rcpts = []
    conn.settimeout(LIMIT)
    say(conn, "220 %s SMTP CS4410MP3" % NETID)
    while True:
        line = collect_input(conn)
        if line is None:
            return
        line = line.decode("latin-1")
        words = line.split()
        verb = words[0].upper() if words else ""
        if verb == "HELO":
            if len(words) != 2:
                say(conn, "501 Syntax: HELO yourhostname")
            elif host:
                say(conn, "503 Error: duplicate HELO")
            else:
                host = words[1]
                say(conn, "250 %s" % NETID)
        elif verb == "MAIL":
            address = argument(line, "FROM:")
            if not address:
                say(conn, "501 Syntax: MAIL FROM: address")
            elif not host:
                say(conn, "503 Error: need HELO command")
            elif sender:
                say(conn, "503 5.5.1 Error: nested MAIL command")
            elif not good(address):
                say(conn, "504 5.5.2 <%s>: Sender address rejected" % address)
            else:
                sender = address
                say(conn, "250 2.1.0 Ok")
        elif verb == "RCPT":
            address = argument(line, "TO:")
            if not address:
                say(conn, "501 Syntax: RCPT TO: address")
            elif not sender:
                say(conn, "503 Error: need %s command" % ("MAIL FROM" if host else "HELO"))
            elif not good(address):
                say(conn, "504 5.5.2 <%s>: Recipient address invalid" % address)
            else:
                rcpts.append(address)
                say(conn, "250 2.1.5 Ok")
        elif verb == "DATA":
            if len(words) != 1:
                say(conn, "501 Syntax: DATA")
            elif not rcpts:
                need = "RCPT TO" if sender else "MAIL FROM" if host else "HELO"
                say(conn, "503 Error: need %s command" % need)
            else:
                say(conn, "354 End data with <CR><LF>.<CR><LF>")
                body = read_body(conn)
                if body is not None:
                    say(conn, "250 OK: delivered message %d" % deliver(host, sender, rcpts, body))
                return  # that was the mail, we are done
        else:
            say(conn, "502 5.5.2 Error: command not recognized")


def worker():
    global idle
    while True:
        with work:
            idle += 1
            work.notify_all()
            while not waiting:
                work.wait()
            conn = waiting.pop(0)
        buffers[conn.fileno()] = bytearray()
        try:
            talk(conn)
        except socket.timeout:
            try:
                say(conn, "421 4.4.2 %s Error: timeout exceeded" % NETID)
            except OSError:
                pass
        except OSError:
            pass
        conn.close()


def main():
    global PORT, LIMIT, NETID, idle
    for option, value in getopt.getopt(sys.argv[1:], "p:l:n:")[0]:
        if option == "-p":
            PORT = int(value)
        elif option == "-l":
            LIMIT = float(value)
        else:
            NETID = value
    open("mailbox", "w").close()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", PORT))
    listener.listen(100)
    for _ in range(POOL):
        threading.Thread(target=worker, daemon=True).start()
    while True:
        with work:
            while idle == 0:
                work.wait()
            idle -= 1
        conn, _ = listener.accept()
        with work:
            waiting.append(conn)
            work.notify_all()


main()
