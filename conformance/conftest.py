"""Makes `pytest conformance` load the suite's plugin."""

pytest_plugins = ("conformance.plugin",)
