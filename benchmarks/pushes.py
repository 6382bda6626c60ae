"""The cost of one push for each commit, or for each status: mutations and deliveries of one job.

    python -m benchmarks.pushes

Agents of one job report through scopes, to a queue that takes as long to answer as SQS. The same payloads
then go to an audience of joined clients and to a plain one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from status_utils import in_scope, job
from status_utils.scopes.job import JobScope
from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.memory import MemoryBroadcaster, MemorySessionStore
from statusbeam.log.publishing.pipeline import Pipeline
from statusbeam.model.validation import json_text

TENANT, USER = "city", "ana"
SEND_SECONDS = 0.02
"""The response time of SQS within its region, in seconds."""
MUTATION_DOLLARS, DELIVERY_DOLLARS = 4e-6, 2e-6
DELIVERY_BYTES = 5_120
WATCHERS = 1
KINDS = {
    # name: (agents, steps of progress each, seconds a step)
    "three agents, a step every 200 ms": (3, 5, 0.2),
    "eight agents at once, a step every 50 ms": (8, 20, 0.05),
}


class SlowQueue:
    """A transport that records its payloads."""

    def __init__(self) -> None:
        self.sent: list[Mapping[str, Any]] = []

    def send(self, payload: object) -> None:
        """See Transport.send."""
        time.sleep(SEND_SECONDS)
        self.sent.append(json.loads(json_text(payload)))


def payloads_of(agents: int, steps: int, seconds: float) -> list[Mapping[str, Any]]:
    """The payloads of a job whose agents work in parallel."""
    queue = SlowQueue()

    def work(scope: JobScope, number: int) -> None:
        with scope.agent(f"Agent {number}") as agent, agent.tool("amazon_location", reason="Where is it?"):
            for step in range(steps):
                agent.progress(percent=100 * step / steps, message=f"step {step} of {steps}")
                time.sleep(seconds)

    with (
        job(job_id="job-1", user_id=USER, tenant_id=TENANT, transport=queue) as j,
        ThreadPoolExecutor(agents) as pool,
    ):
        list(pool.map(in_scope(partial(work, j)), range(agents)))
    return queue.sent


def pushed(payloads: list[Mapping[str, Any]], *, joined: bool) -> tuple[int, int, int]:
    """Statuses, mutations, and deliveries of 5 kB to one watcher."""
    sessions, broadcaster = MemorySessionStore(), MemoryBroadcaster()
    sessions.open(TENANT, USER, "c1", until=float("inf"), joined=joined)
    pipeline = Pipeline(journal=MemoryJournal(), sessions=sessions, broadcaster=broadcaster)
    statuses = sum(
        pipeline.publish(payload, batch_id="", deadline=float("inf"))["committed"] for payload in payloads
    )
    sizes = [len(json_text(push.to_wire()).encode()) for push in broadcaster.pushed]
    return statuses, len(sizes), sum(-(-size // DELIVERY_BYTES) for size in sizes)


def main() -> None:
    """The table of docs/explanation/cost.md."""
    columns = ("one job", "statuses", "commits", "joined: mutations + deliveries", "plain")
    print(f"| {' | '.join((*columns, 'joined: $ a million', 'plain'))} |")
    print("|---|---|---|---|---|---|---|")
    for name, kind in KINDS.items():
        payloads = payloads_of(*kind)
        cells = []
        costs = []
        for joined in (True, False):
            statuses, mutations, deliveries = pushed(payloads, joined=joined)
            cells.append(f"{mutations} + {deliveries}")
            costs.append(
                f"{1e6 * (mutations * MUTATION_DOLLARS + WATCHERS * deliveries * DELIVERY_DOLLARS):.0f}"
            )
        print(f"| {name} | {statuses} | {len(payloads)} | {' | '.join((*cells, *costs))} |")


if __name__ == "__main__":
    main()
