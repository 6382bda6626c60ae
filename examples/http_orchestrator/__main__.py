"""python -m examples.http_orchestrator [--user U] [--tenant T] TEXT

Starts the three agents and calls them. The environment chooses the transport (`statusbeam local env`).
Without it, the orchestrator prints the statuses.
"""

from __future__ import annotations

import argparse
import sys
import uuid

from examples.http_orchestrator.agents import AGENTS, serving
from examples.http_orchestrator.orchestrator import HttpAgent, HttpAgentOrchestrator
from status_utils import MemoryTransport, StatusTracker, TransportError
from status_utils.defaults import default_transport

TEXT = "The streetlight at Market and Castro is out. It was out last week too, and the corner is dark."


def agents_at(url: str) -> list[HttpAgent]:
    """The three agents with their dependencies."""
    return [
        HttpAgent("Keyword Agent", f"{url}/keywords"),
        HttpAgent("Reading Time Agent", f"{url}/reading-time"),
        HttpAgent("Headline Agent", f"{url}/headline", depends_on=("Keyword Agent", "Reading Time Agent")),
    ]


def main(arguments: list[str]) -> int:
    """Run one job."""
    parser = argparse.ArgumentParser(prog="python -m examples.http_orchestrator")
    parser.add_argument("text", nargs="?", default=TEXT)
    parser.add_argument("--user", default="demo", help="user of the job")
    parser.add_argument("--tenant", default="public", help="tenant of the user")
    chosen = parser.parse_args(arguments)
    memory = MemoryTransport()
    try:
        transport = default_transport()
    except TransportError:  # the environment names no transport
        transport = memory
    job_id = f"http-{uuid.uuid4().hex[:8]}"
    tracker = StatusTracker(job_id, chosen.user, chosen.tenant, correlation_id=job_id, transport=transport)
    with serving(AGENTS) as url:
        orchestrator = HttpAgentOrchestrator(agents_at(url), tracker)
        session_id = orchestrator.run(chosen.text)
    for payload in memory.sent:
        for status in payload["updates"]:
            sys.stdout.write(f"{status['qualifiedStatus']:<32} {status['message']}\n")
    sys.stdout.write(f"{session_id}: {orchestrator.findings['Headline Agent']}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
