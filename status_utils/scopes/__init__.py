"""What agents, orchestrators and handlers call. Nothing here raises into the caller."""
