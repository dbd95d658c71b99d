"""Servers that tests write and start."""

from tests.started import script, start, temporary

__all__ = ["script", "start", "temporary"]
