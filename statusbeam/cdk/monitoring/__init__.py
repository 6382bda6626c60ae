"""Alarms, a dashboard, a budget and a canary for the owners of a deployment."""
