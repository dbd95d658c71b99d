"""How things are checked: sockets, clocks and processes, and no single case."""
