"""The options of a run that asks for nothing special."""

from conformance.cs4410.profile import PROFILE
from conformance.harness.settings import Settings

PLAIN = Settings(PROFILE.name, PROFILE.time_limit, 1, own=PROFILE.usual())
