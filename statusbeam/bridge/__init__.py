"""The bridge serves the logs of jobs in protocols that front ends, agents and assistants already use."""
