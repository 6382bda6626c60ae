"""The snapshot of a job: the fold of its log, what it holds, and how readers see it."""
