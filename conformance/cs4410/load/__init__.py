"""What the assignment brings to the load: what its clients say, which replies are right, and what its mailbox keeps.

Read in this order: `script` (what a client says next), `verdicts` (whether the reply is right), `dialogue` (one
client's side of a conversation, made of both), `store` (the mailbox), `assignment` (all of it for the load).
"""
