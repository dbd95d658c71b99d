"""Where delivered mail is read, whatever server delivered it: `opening.open_store` tells the kinds that there are."""
