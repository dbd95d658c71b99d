"""The whole assignment as one compact SMTP server, standard library only: `python -m reference_server --help`.

Read in this order: `pool` (what a monitor is, and how a connection reaches a thread), `session` (the protocol),
`mailbox` (a second monitor, and the backup thread), `channel` (the connection and its clock), `__main__` (the options,
and how the parts fit together). A second protocol, RFC 5321 with its extensions, stands on the same pool and channel:

1. `office` brings a connection to a session, and `site` is what all sessions share.
2. `esmtp` is the protocol: who may say what, and when; `lmtp` is what LMTP does otherwise.
3. `commands`, `parameters` and `paths` are the syntax of what a client says.
4. `auth` is a login, `chunks` a message that comes by BDAT, `tls` the bytes of TLS, on which `channel` can go on.
5. `delivery` judges a whole message, and `maildir` stores it.
"""
