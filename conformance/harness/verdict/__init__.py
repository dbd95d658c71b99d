"""What names a verdict or carries the id of a requirement."""
