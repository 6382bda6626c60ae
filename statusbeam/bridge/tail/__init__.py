"""One job's log while somebody watches it: read once, folded once, fed to every client."""
