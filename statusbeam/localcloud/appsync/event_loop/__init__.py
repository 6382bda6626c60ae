"""What the data plane adds to asyncio: many deadlines on one timer, and tasks that start at once."""
