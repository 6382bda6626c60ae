"""DynamoDB's write and read units for a status, from its own answers.

    python -m benchmarks.cost [--state-dir DIR]

Without --state-dir it starts a localcloud of its own; with it, it measures the one that runs there. One job
of eight agents, each status about one of them, committed by the publisher's own journal in batches of 1, 5
and 25. The emulator counts as AWS documents it: two units a started kB and item in a transaction, one for a
write of the index.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from benchmarks.end_to_end import localcloud
from statusbeam.localcloud.emulator.clients import Clients
from statusbeam.localcloud.outputs import LocalOutputs, read_outputs
from statusbeam.localcloud.state_folder import StateFolder
from statusbeam.log.eta.critical_path import END
from statusbeam.log.eta.dynamo_histories import DynamoHistories
from statusbeam.log.eta.step_correlation import increments
from statusbeam.log.eta.step_history import WorkflowKey
from statusbeam.log.journal.dynamo import DynamoJournal
from statusbeam.log.journal.dynamo_items import partition
from statusbeam.log.publishing.payload import batches, parse_payload
from statusbeam.model.job_key import JobKey

TENANT = "riverton"
BATCHES = (1, 5, 25)
STATUSES = 200
AGENTS = 8
LEARNT = 10
CALLS = ("transact_write_items", "transact_get_items", "get_item", "query")


class MeteredClient:
    """A DynamoDB client that adds up the consumed units of its calls, for reads and writes separately."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.written = 0.0
        self.read = 0.0

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if name not in CALLS:
            return call

        def metered(**request: Any) -> Any:
            answer = call(**request, ReturnConsumedCapacity="TOTAL")
            consumed = answer["ConsumedCapacity"]
            tables = consumed if isinstance(consumed, list) else [consumed]
            units = sum(one["CapacityUnits"] for one in tables)
            if name == "transact_write_items":
                self.written += units
            else:
                self.read += units
            return answer

        return metered


def report(state_dir: Path | None) -> None:
    """Measure and print."""
    if state_dir is not None:
        measure(read_outputs(StateFolder(state_dir).outputs))
        return
    with tempfile.TemporaryDirectory(prefix="statusbeam-benchmark-") as folder, localcloud(Path(folder)):
        measure(read_outputs(StateFolder(Path(folder)).outputs))


def measure(outputs: LocalOutputs) -> None:
    """The table of docs/explanation/cost.md."""
    print("| statuses a batch | agents a batch | write units a status | read units, job known | not known |")
    print("|---|---|---|---|---|")
    for size in BATCHES:
        for agents in sorted({1, min(size, AGENTS)}):
            written, read, _ = per_status(outputs, size, agents, remembers=True)
            _, read_anew, _ = per_status(outputs, size, agents, remembers=False)
            print(f"| {size} | {agents} | {written:.2f} | {read:.2f} | {read_anew:.2f} |")
    added, read = _history(outputs)
    print(
        f"\na completed job of {AGENTS} steps: {added:.2f} write units to the history, {read:.2f} to read it"
    )
    print("\nbytes of the items of such a job, as stored:")
    for what, length in per_status(outputs, 5, 5, remembers=True)[2].items():
        print(f"  {what:<8} {length}")


def _history(outputs: LocalOutputs) -> tuple[float, float]:
    """The units to write a job's history, and to read a history."""
    metered = MeteredClient(Clients(outputs.aws_endpoint_url).tables)
    histories = DynamoHistories(cast("Any", metered), outputs.status_table, retention_days=90)
    workflow = WorkflowKey("riverton", f"cost-{uuid.uuid4()}", "1")
    took = [(f"Analysis Agent {number}", 12.5 + number) for number in range(AGENTS)]
    for _ in range(LEARNT):
        histories.add(workflow, increments([*took, (END, 0.5)], {}))
    metered.written = 0.0
    histories.add(workflow, increments([*took, (END, 0.5)], histories.read(workflow)))
    metered.read = 0.0
    histories.read(workflow)
    return metered.written, metered.read


def per_status(
    outputs: LocalOutputs, size: int, agents: int, *, remembers: bool
) -> tuple[float, float, Mapping[str, int]]:
    """The units written and read for a status, and the size of the items.

    With `remembers`, one publisher commits all batches. Otherwise a new publisher, without a cache, commits
    each one.
    """
    raw = Clients(outputs.aws_endpoint_url).tables
    metered = MeteredClient(raw)
    job_id = f"cost-{uuid.uuid4()}"
    journal = _journal(metered, outputs)
    _commit(journal, job_id, [_opening()])
    metered.written = metered.read = 0.0
    for number in range(STATUSES // size):
        journal = journal if remembers else _journal(metered, outputs)
        # batches of few agents rotate, so that every agent reports
        statuses = [_status((number * agents + at % agents) % AGENTS, number) for at in range(size)]
        _commit(journal, job_id, statuses)
    count = STATUSES // size * size
    return metered.written / count, metered.read / count, _sizes(raw, outputs.status_table, job_id)


def _journal(client: object, outputs: LocalOutputs) -> DynamoJournal:
    return DynamoJournal(
        cast("Any", client), outputs.status_table, log_retention_days=7, job_retention_days=90
    )


def _commit(journal: DynamoJournal, job_id: str, entries: list[dict[str, Any]]) -> None:
    owner = {"jobId": job_id, "userId": str(uuid.uuid5(uuid.NAMESPACE_URL, job_id)), "tenantId": TENANT}
    payload = {"batchId": uuid.uuid4().hex, "updates": [{**owner, **entry} for entry in entries]}
    ((batch,),) = batches(parse_payload(payload, batch_id="request", now=time.time()))
    journal.commit(batch, deadline=time.time() + 10)


def _opening() -> dict[str, Any]:
    plan = [{"name": f"Analysis Agent {number}"} for number in range(AGENTS)]
    return {
        "status": "loading_agents",
        "message": "Choosing agents.",
        "metadata": {"plan": plan},
    }


def _status(agent: int, number: int) -> dict[str, Any]:
    return {
        "status": "calling_tool",
        "message": f"Looking up part {number:03} of what was asked for in the city's own records",
        "agentName": f"Analysis Agent {agent}",
        "invocationId": f"{uuid.uuid5(uuid.NAMESPACE_URL, str(agent))}",
        "attempt": 1,
        "toolName": "city_records",
        "progress": number % 100,
        "metadata": {"tokenUsage": {"inputTokens": 100 * number, "outputTokens": 10 * number}},
    }


def _sizes(client: Any, table: str, job_id: str) -> dict[str, int]:
    found: dict[str, int] = {}
    items = client.query(
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": partition(JobKey(TENANT, job_id))}},
    )["Items"]
    for item in items:
        kind = item["sk"]["S"].split("#")[0]
        found[kind] = max(found.get(kind, 0), sum(len(name) + size_of(value) for name, value in item.items()))
    return found


def size_of(value: Mapping[str, Any]) -> int:
    """Bytes of an attribute's value by DynamoDB's rules; numbers as two digits a byte and one more."""
    ((kind, held),) = value.items()
    if kind == "S":
        return len(held.encode())
    if kind == "N":
        return (len(held.lstrip("-").replace(".", "")) + 1) // 2 + 1
    if kind == "L":
        return 3 + sum(1 + size_of(one) for one in held)
    if kind == "M":
        return 3 + sum(1 + len(name) + size_of(one) for name, one in held.items())
    return 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--state-dir", type=Path)
    report(parser.parse_args().state_dir)
