"""Checks servers of job statuses from outside: what they send must be in order, whole, and over at the end.

>>> kit = Kit(FiveMessages("https://status.example.com"), HttpPublisher("https://status.example.com/publish"))
>>> report = await kit.run()
>>> report.conforming
True

The kit knows the protocols and imports nothing else of the package: it has no code in common with the bridge.
"""
