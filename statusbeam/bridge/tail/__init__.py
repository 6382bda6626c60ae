"""One watched job's log: read once, folded once, fed to every client."""
