"""Reads and folds each watched job's log once, for all its clients."""
