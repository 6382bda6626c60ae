"""Notifications of jobs: the events that commits make, and the channels that send them."""
