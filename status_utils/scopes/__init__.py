"""What agents, orchestrators and handlers call."""
