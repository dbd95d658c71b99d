"""The profile of the standard: RFC 5321 and its extensions, for real mail servers."""
