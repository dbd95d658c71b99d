"""The options of a run that asks for nothing special."""

from conformance.harness.settings import Settings

PLAIN = Settings(
    profile="cs4410",
    target=None,
    launch=None,
    time_limit=10.0,
    seed=1,
    fail_on_warn=False,
    quick=False,
    report=None,
    own={"mailbox": None, "source": None, "dialect": "cs4410-2016", "course": "4410"},
)
