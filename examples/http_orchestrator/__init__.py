"""Agents behind HTTP, called by an orchestrator that reports each of them with StatusTracker.

    python -m examples.http_orchestrator "The streetlight at Market and Castro is out"

`orchestrator` is the part to copy; `agents` has three small agents to call.
"""
