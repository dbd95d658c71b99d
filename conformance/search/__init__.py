"""The search: conversations that the model makes up, held until one fails, and shrunk to what makes it fail."""
