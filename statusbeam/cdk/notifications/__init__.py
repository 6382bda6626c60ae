"""Webhooks, Slack and event buses: the receivers of jobs' events."""
