"""A profile that another package brings: a server greets, and says each line again."""
