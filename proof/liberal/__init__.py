"""Liberal servers: each takes a freedom that the assignment leaves, and the suite must leave each in peace.

`liberty` says what such a server is, `speech` and `conduct` hold them, and `python -m proof.liberal` makes the table.
"""
