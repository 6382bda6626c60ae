"""The log of every job: one transaction a batch, one order a job, the snapshot beside it."""
