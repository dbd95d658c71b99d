"""multiclient and its parts."""
