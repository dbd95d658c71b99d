"""The trace field that the server wrote above a message that it delivered."""

from __future__ import annotations

from conformance.rfc5321 import trace
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.message import Message
from conformance.rfc5321.trace import Received
from conformance.stores.compare import added_fields
from conformance.stores.message import Field, Stored


def own_field(message: Message, copy: Stored) -> Field | None:
    """The field that the server wrote: of those above all that was sent the lowest, for filters write on top of it."""
    return next((one for one in reversed(added_fields(message.header, copy).on_top) if one.named("Received")), None)


def read(case: Case, client: Client, *recipients: str) -> Received:
    """Have a message delivered, and read the trace field that the server wrote."""
    message = client.message()
    client.deliver(message, *recipients)
    field = own_field(message, case.delivered(message))
    if field is None:
        raise case.breach("trace.received", "no Received field on top of what was sent", "Received: from ...", "none")
    return trace.received(field.value)
