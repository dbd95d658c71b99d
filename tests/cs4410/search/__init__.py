"""What the search says and judges of the assignment."""
