"""What the cases of the suite are made of."""
