"""Real mail servers: where each comes from, how it is set up, started on loopback and stopped again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from proof.real.daemons import DAEMONS
from proof.real.libraries import LIBRARIES
from proof.real.mailers import MAILERS
from proof.real.recipe import Recipe
from proof.real.roles import ROLES

SECTIONS: Mapping[str, Sequence[Recipe]] = {
    "mailers": MAILERS,
    "daemons": DAEMONS,
    "libraries": LIBRARIES,
    "roles": ROLES,
}
