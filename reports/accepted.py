"""Options of the suite that stand in a file: the suite itself looks at them before anybody is tested by them."""

import re
import shlex
import subprocess
import sys
from collections.abc import Sequence

from reports.escape import sentence
from reports.results import ResultsError

NO_SERVER = shlex.join([sys.executable, "-c", "pass"])
REFUSED = 4
"""The suite's exit status for wrong usage."""


def expect_accepted(options: Sequence[str]) -> None:
    """Better options are refused here than in front of every student.

    Args:
        options: of the suite.

    Raises:
        ResultsError: the suite takes them for wrong usage.
    """
    # What starts no server ends the run behind the look at the options.
    words = [sys.executable, "-m", "conformance", "-q", "-p", "no:cacheprovider", "--launch", NO_SERVER, *options]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode == REFUSED:
        why = re.search(r"(?:error|conformance): (.+)", done.stderr)
        told = sentence(why[1]) if why else "`python -m conformance --help` lists what it takes"
        raise ResultsError(f"the suite refuses {sentence(shlex.join(options))}: {told}")
