"""A tenant's overview for operators: the health of its agents across jobs, and figures of the system."""
