"""What the standard brings to the load: what its clients say, which replies are right, and what a store has of it.

Read in this order: `letters` (messages), `lines` (what can be said, and what is right then), `session` (where a client
stands), `script` (what it says next), `dialogue` (one client's side of a conversation), `register` (what became of each
message), `store` (where they are looked up), `standard` (all of it for the load), `front` (its command line).
"""
