"""What touches a socket: connections, and the transcript of them."""
