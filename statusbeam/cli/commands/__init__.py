"""One file a command: its function, and `COMMAND`. The registry has a line for each."""
