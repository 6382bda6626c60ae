"""A client for each protocol, which records what it received."""
