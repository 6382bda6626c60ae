"""Step Functions workflows that report statuses, and the closer for their jobs."""
