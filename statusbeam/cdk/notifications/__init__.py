"""Webhooks, Slack and event buses, which receive the events of jobs."""
