"""Liberal servers: each takes a freedom that the assignment leaves, and the suite must leave each in peace."""

from collections.abc import Sequence

from proof.servers.liberal.conduct import CONDUCT
from proof.servers.liberal.liberty import Liberal
from proof.servers.liberal.speech import SPEECH

SECTIONS: dict[str, Sequence[Liberal]] = {"conduct": CONDUCT, "speech": SPEECH}
