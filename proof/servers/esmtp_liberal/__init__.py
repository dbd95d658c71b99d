"""Liberal servers of the standard: each takes a freedom that RFC 5321 leaves, and must be left in peace."""

from collections.abc import Sequence

from proof.servers.esmtp_liberal.extensions import EXTENSIONS
from proof.servers.esmtp_liberal.liberty import EsmtpLiberal
from proof.servers.esmtp_liberal.pace import PACE
from proof.servers.esmtp_liberal.policy import POLICY
from proof.servers.esmtp_liberal.speech import SPEECH
from proof.servers.esmtp_liberal.storage import STORAGE
from proof.servers.esmtp_liberal.syntax import SYNTAX

SECTIONS: dict[str, Sequence[EsmtpLiberal]] = {
    "policy": POLICY,
    "pace": PACE,
    "speech": SPEECH,
    "syntax": SYNTAX,
    "extensions": EXTENSIONS,
    "storage": STORAGE,
}
