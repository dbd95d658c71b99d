"""All liberal servers."""

from tests.liberal.conduct import CONDUCT
from tests.liberal.speech import SPEECH

SERVERS = [*CONDUCT, *SPEECH]
