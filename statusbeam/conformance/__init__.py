"""Checks servers of job statuses from outside: clients must get every status in order, and the job's end.

>>> kit = Kit(FiveMessages("https://status.example.com"), HttpPublisher("https://status.example.com/publish"))
>>> report = await kit.run()
>>> report.conforming
True

The kit implements the protocols itself, and shares no code with the bridge.
"""
