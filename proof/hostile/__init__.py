"""Servers that mean harm, and the proof that the suite and multiclient hold: `python -m proof.hostile`."""
