"""The options of a run that asks for nothing special."""

from conformance.harness.settings import Settings

PLAIN = Settings(
    target=None,
    launch=None,
    mailbox=None,
    source=None,
    dialect="cs4410-2016",
    time_limit=10.0,
    course="4410",
    seed=1,
    fail_on_warn=False,
    quick=False,
    report=None,
)
