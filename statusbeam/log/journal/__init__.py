"""The log of every job: one transaction a batch, one order a job, and the snapshot next to it."""
