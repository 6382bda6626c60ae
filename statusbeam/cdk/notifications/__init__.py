"""Webhooks, Slack and event buses: who is notified of what happens to jobs."""
