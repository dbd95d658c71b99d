"""Load: many clients at once in one process; it knows no protocol, for what is said and what is right is a profile's.

Read in this order: `profile` (what a profile brings), `loop`, `gate`, `pace`, `suspicion` and `run` (what clients
know), `wire` and `client` (a connection and who talks over it), `talker` and `slow` (the two sorts of client), `crew`
and `engine` (all of them together), `stored` and `closing` (what became of the messages), `table` (what is read of it).
"""
