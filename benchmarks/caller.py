"""What an agent pays for the library, against what it pays for boto3 (docs/performance.md).

    python -m benchmarks.caller [--runs 9]

`import status_utils` against `import boto3`, each in fresh interpreters; one publish outside a scope against
one asynchronous invoke through a boto3 client that is already there. CPU time, ratios, goals.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.lambda_environment import lambda_environment
from benchmarks.measure import Goal, Server, Spread, ask, paired, python, ratios

IMPORT = """
import json, sys, time
before = set(sys.modules)
begun = time.process_time()
import {module}
done = time.process_time()
new = {{name.partition(".")[0] for name in set(sys.modules) - before}}
foreign = sorted(new - set(sys.stdlib_module_names) - {{"{module}"}})
print(json.dumps({{"ms": (done - begun) * 1000, "foreign": len(foreign)}}))
"""
CALLS = """
import json, time
{setup}
for number in range(20):
    call(number)
begun = time.process_time()
for number in range({calls}):
    call(number)
print(json.dumps({{"us": (time.process_time() - begun) * 1e6 / {calls}}}))
"""
PUBLISH = """
import status_utils
def call(number):
    assert status_utils.publish_agent_status(
        "job-1", "user-1", "tenant-1", "Geo Agent", "agent_invoking", f"Looking up street {number}")
"""
INVOKE = """
import os, uuid
from datetime import datetime, timezone
import boto3
client = boto3.client("lambda")
def call(number):
    update = {
        "jobId": "job-1", "userId": "user-1", "tenantId": "tenant-1", "eventId": str(uuid.uuid4()),
        "status": "agent_invoking", "agentName": "Geo Agent", "message": f"Looking up street {number}",
        "timestamp": datetime.now(timezone.utc).isoformat()}
    client.invoke(FunctionName=os.environ["STATUS_PUBLISHER_FUNCTION"], InvocationType="Event",
                  Payload=json.dumps({"updates": [update]}).encode())
"""
CALLS_PER_RUN = 200
IMPORT_GOAL = 1 / 5


def report(runs: int) -> None:
    """Measure and print."""
    goals = [*_imports(runs)]
    with tempfile.TemporaryDirectory() as folder, Server(python("benchmarks.fake_aws", folder)) as aws:
        environment = lambda_environment(aws.port, Path(folder))
        probes = {
            name: _code(CALLS.format(setup=setup, calls=CALLS_PER_RUN))
            for name, setup in (("publish", PUBLISH), ("invoke", INVOKE))
        }
        calls = paired(runs, {n: partial(ask, probe, environment=environment) for n, probe in probes.items()})
    publish, invoke = ([run["us"] for run in calls[name]] for name in ("publish", "invoke"))
    print(f"publish_agent_status    {Spread.of(publish)} us")
    print(f"boto3 invoke (Event)    {Spread.of(invoke)} us")
    print(f"publish / invoke        {Spread.of(ratios(publish, invoke))}   (no goal: a call is an invoke)")
    print("", *goals, sep="\n")


def _imports(runs: int) -> list[Goal]:
    modules = ("status_utils", "boto3")
    imports = paired(runs, {module: partial(ask, _code(IMPORT.format(module=module))) for module in modules})
    ours, theirs = ([run["ms"] for run in imports[module]] for module in modules)
    foreign = [run["foreign"] for run in imports["status_utils"]]
    print(f"import status_utils     {Spread.of(ours)} ms")
    print(f"import boto3            {Spread.of(theirs)} ms")
    return [
        Goal(
            what="import status_utils / import boto3, CPU", values=ratios(ours, theirs), at_most=IMPORT_GOAL
        ),
        Goal(what="third-party modules loaded by import status_utils", values=foreign, at_most=0),
    ]


def _code(source: str) -> list[str]:
    return [sys.executable, "-c", source]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=9)
    report(parser.parse_args().runs)
