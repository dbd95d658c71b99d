"""What is checked: RFC 5321 for real mail servers, by the rules of requirements.toml and extensions.toml."""
