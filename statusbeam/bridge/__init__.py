"""The bridge: the log of every job, in the protocols that front ends, agents and assistants already speak."""
