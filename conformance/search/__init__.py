"""The search for any protocol: conversations are drawn and run until one fails, and shrunk to what makes it fail."""
