"""The ways from code that reports statuses to the publisher."""
