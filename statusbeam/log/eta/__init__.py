"""How long a job will go on: learnt from earlier runs of the same workflow, reported with each commit."""
