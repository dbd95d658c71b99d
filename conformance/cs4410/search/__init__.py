"""What the search says and judges here: conversations of this assignment, their players, their blame, their scripts."""
