"""Servers that tests write and start."""

from tests.started import script, temporary

__all__ = ["script", "temporary"]
