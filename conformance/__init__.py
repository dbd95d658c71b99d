"""A conformance suite that is pointed at any SMTP server and says what passes, what fails, and why."""
