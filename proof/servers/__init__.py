"""Servers that prove the suite: the reference server with edits, as `edit` says, but for the `naive` ones."""
