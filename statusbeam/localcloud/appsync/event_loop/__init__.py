"""Additions to asyncio: many deadlines on one timer, and tasks that start at once."""
