"""What touches a process, a directory, a port or a lock of the server under test."""
