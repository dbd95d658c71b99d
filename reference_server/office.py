"""The second protocol on the pool: a connection becomes a session, and who is connected is told of the end."""

from contextlib import suppress
from socket import socket

from .channel import Channel
from .esmtp import Esmtp
from .paths import literal
from .site import Site


class PostOffice:
    """Serves all clients of one site, and knows who is connected."""

    def __init__(self, site: Site, session: type[Esmtp], time_limit: float, implicit_tls: bool) -> None:
        """Begin with nobody connected.

        Args:
            site: what all clients share.
            session: the protocol.
            time_limit: seconds that a client may be silent.
            implicit_tls: TLS comes first, before the greeting; the site has a certificate then.
        """
        self._site = site
        self._session = session
        self._time_limit = time_limit
        self._implicit_tls = implicit_tls
        self._connected: set[Channel] = set()

    def serve(self, connection: socket) -> None:
        """Serve one client until it leaves, or lets the time limit pass."""
        channel = Channel(connection, self._time_limit)
        self._connected.add(channel)
        try:
            with suppress(EOFError, OSError):  # the client is gone, and nobody is left to be told
                client, server = literal(connection.getpeername()), literal(connection.getsockname())
                if self._implicit_tls and self._site.context:
                    channel.start_tls(self._site.context)
                self._session(channel, self._site, client, server).run()
        finally:
            channel.end_tls()
            self._connected.discard(channel)

    def close(self) -> None:
        """Tell each client that is connected that the server goes."""
        for channel in self._connected.copy():
            channel.last_reply(b"421 4.3.2 %b Shutting down" % self._site.domain)
