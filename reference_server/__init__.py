"""The whole assignment as one compact SMTP server, standard library only: `python -m reference_server --help`.

Read in this order: `pool` (what a monitor is, and how a connection reaches a thread), `session` (the protocol),
`mailbox` (a second monitor, and the backup thread), `channel` (the connection and its clock), `__main__` (the options,
and how the parts fit together). `esmtp` and `maildir` are a second protocol on the same pool and channel: RFC 5321.
"""
