"""What is checked: the cases of the CS 4410 assignment, one file a section, in its order."""
