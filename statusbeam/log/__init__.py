"""The publisher's code: it validates, commits and pushes statuses."""
