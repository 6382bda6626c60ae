"""The way from a scope to the transport: statuses are buffered, sent in the background, retried or logged."""
