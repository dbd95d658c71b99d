"""The reference server, by itself."""
