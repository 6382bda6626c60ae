"""Statusbeam: live, ordered, truthful status of multi-agent jobs on AWS."""
