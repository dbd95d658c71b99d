"""The reference server of the protocol: `python -m echo_profile.server PORT [upper]`."""

import socketserver
import sys


class Echo(socketserver.StreamRequestHandler):
    """One client; with `upper` every line is shouted back, which is wrong."""

    def handle(self) -> None:
        self.wfile.write(b"HELLO\r\n")
        for line in self.rfile:
            self.wfile.write(line.upper() if "upper" in sys.argv else line)


if __name__ == "__main__":
    with socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), Echo) as server:
        server.daemon_threads = True
        server.serve_forever()
