"""Load: many clients at once in one process, each reply judged by the model and the words that the suite uses.

Read in this order: `script` (what a client says next), `verdicts` (whether the reply is right), `client` and `talker`
(a connection that says it), `slow` (the clients that wait for their time-out), `engine` (the event loop that serves
them all), `numbers` and `delivered` (what became of the messages), `table` (what the user reads).
"""
