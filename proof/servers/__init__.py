"""Servers that prove the suite, each the reference server with edits: `edit` says how, the others which there are."""
