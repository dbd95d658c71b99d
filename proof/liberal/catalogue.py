"""All liberal servers."""

from proof.liberal.conduct import CONDUCT
from proof.liberal.speech import SPEECH

SERVERS = [*CONDUCT, *SPEECH]
