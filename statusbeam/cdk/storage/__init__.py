"""The tables, and the bucket for details too large for the log."""
