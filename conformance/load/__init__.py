"""Load: many clients at once in one process; it knows no protocol, for what is said and what is right is a profile's.

Read in this order: `profile` (what a profile brings), `loop`, `gate`, `pace`, `suspicion` and `run` (what clients
know), `wire`, `secure` and `client` (a connection, TLS over it, and who talks), `talker` and `slow` (the two sorts of
client), `crew` and `engine` (all of them together), `stored` and `closing` (what became of the messages), `table` (what
is read of it), and `front` (what a profile brings to the command line). A `swarm`, of clients that wait by themselves,
has `blocking` for `wire`, and a `ledger` in each process.
"""
