"""The functions and scopes that agents, orchestrators and handlers call."""
