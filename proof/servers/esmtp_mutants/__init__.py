"""Mutants of the server of the standard."""
