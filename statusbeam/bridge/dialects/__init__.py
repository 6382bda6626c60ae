"""One file for each protocol: pure functions from (snapshot before, status, snapshot after) to events."""
