"""The text of a delivered message with its transfer encoding undone, which a relay may have changed. No I/O."""

from __future__ import annotations

import base64
import quopri

from conformance.stores.message import Stored


def decoded(copy: Stored) -> bytes:
    """The body as it was before it was encoded; as it is, where it is not encoded, or wrongly.

    Args:
        copy: a message of a single part.
    """
    fields = copy.all("Content-Transfer-Encoding")
    encoding = fields[0].value.lower() if fields else ""
    if encoding == "quoted-printable":
        return quopri.decodestring(copy.body)
    if encoding == "base64":
        try:
            return base64.b64decode(copy.body)
        except ValueError:
            return copy.body
    return copy.body
