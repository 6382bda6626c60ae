"""Who a client is, what it may see, and how many streams it may hold."""
