"""What the publisher runs: it validates, commits and pushes statuses."""
