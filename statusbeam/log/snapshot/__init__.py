"""The snapshot of a job: the fold of its log, its fields, and the readers' view."""
