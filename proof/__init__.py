"""What proves the suite: servers that are spoiled on purpose, and what the suite has to say of each.

`servers` holds them, `kinds` says how each kind is tried and judged, and `python -m proof --help` runs them.
"""
