"""Edits that liberal servers of the standard share."""

from __future__ import annotations

from proof.servers.edit import Edit, headed, within
from proof.servers.esmtp_mutants.common import answered

TIME = headed("esmtp.py", "import time")
COUNTING = headed("esmtp.py", "import itertools\n\n_TURN = itertools.count(1)")
"""What `next(_TURN)` counts, over all sessions."""
NO_CHUNKS = [
    within("site.py", "Site.keywords", 'b"CHUNKING",', ""),
    within("site.py", "Site.keywords", 'b"BINARYMIME",', ""),
    Edit("esmtp.py", '    b"BDAT": Esmtp._bdat,\n', ""),
]


def after_errors(count: int, code: str) -> Edit:
    """Do something with each `reply` once a session has had so many refusals."""
    errors = 'self._errors = getattr(self, "_errors", 0) + bool(reply and reply[:1] in (b"4", b"5"))'
    return answered(f"{errors}\nif self._errors >= {count}:\n    {code}")


def unlisted(*keywords: str) -> list[Edit]:
    """Do not announce some extensions that have no parameters."""
    return [within("site.py", "Site.keywords", f'b"{keyword}",', "") for keyword in keywords]
