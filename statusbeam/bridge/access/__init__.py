"""The identity of a client, its permissions, and its limit of streams."""
