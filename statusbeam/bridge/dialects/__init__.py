"""One file a protocol: pure functions from (snapshot before, status, snapshot after) to its events."""
