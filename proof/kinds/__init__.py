"""The kinds of servers that prove the suite: how each is tried, what has to come out, and what its table shows."""

from typing import Any

from proof.kind import Kind
from proof.kinds.deep import Deep
from proof.kinds.esmtp_hostile import EsmtpHostiles
from proof.kinds.esmtp_liberal import EsmtpLiberals
from proof.kinds.esmtp_mutants import EsmtpMutants
from proof.kinds.hostile import Hostiles
from proof.kinds.liberal import Liberals
from proof.kinds.machine_made import MachineMade
from proof.kinds.mutants import Mutants
from proof.kinds.naive import Naives
from proof.kinds.real import Reals
from proof.kinds.together import Togethers

KINDS: dict[str, Kind[Any, Any]] = {
    kind.name: kind
    for kind in (
        Mutants(),
        EsmtpMutants(),
        Togethers(),
        Naives(),
        Deep(),
        Liberals(),
        EsmtpLiberals(),
        Hostiles(),
        EsmtpHostiles(),
        MachineMade(),
        Reals(),
    )
}
