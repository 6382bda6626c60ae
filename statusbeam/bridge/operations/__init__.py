"""What operators see of a whole tenant: the health of its agents across jobs, and figures of the system."""
