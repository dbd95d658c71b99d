"""What says or hears the protocol under test, as far as every profile shares it."""
