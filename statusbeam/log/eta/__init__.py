"""The remaining time of a job: learnt from earlier runs of the same workflow, reported with each commit."""
