"""Gradescope: its results.json, and the autograder that runs there."""
