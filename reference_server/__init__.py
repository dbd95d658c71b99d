"""The whole assignment as one compact SMTP server, standard library only: `python -m reference_server --help`.

Read in this order: `pool` (what a monitor is, and how a connection reaches a thread), `session` (the protocol and its
clock), `mailbox` (a second monitor, and the backup thread), `__main__` (the options, and how the parts fit together).
"""
