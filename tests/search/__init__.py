"""The search with random conversations."""
