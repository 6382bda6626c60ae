"""How long a job will go on: learnt from earlier runs of the same workflow, told with each commit."""
