"""The text of a message that comes by BDAT, RFC 3030, chunk by chunk."""

from .parameters import SIZE_LIMIT, TOO_BIG

CHUNK_LIMIT = 2**30  # octets that are swallowed if they can't be taken; a client that announces more is sent away


class Chunks:
    """Collects chunks; after one was refused, all that follow are, because the message has a hole."""

    def __init__(self, refusal: bytes | None) -> None:
        """Begin with the first chunk.

        Args:
            refusal: how it is refused, whatever is in it; None if it is not.
        """
        self.text = bytearray()
        self._refusal = refusal

    def add(self, octets: bytes | None) -> bytes | None:
        """Return how the next chunk is refused, or None if it was added.

        Args:
            octets: what is in it; None if it was too big to be kept.
        """
        refusal = self._refusal
        if not refusal and (octets is None or len(self.text) + len(octets) > SIZE_LIMIT):
            refusal = TOO_BIG
        if refusal:
            self._refusal = b"503 5.5.1 A chunk before this one was refused"
            self.text.clear()
        else:
            self.text += octets or b""
        return refusal
