"""The engine of the search."""
