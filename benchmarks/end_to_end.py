"""The latency from a call to the client, on localcloud (docs/explanation/performance.md).

    python -m benchmarks.end_to_end [--state-dir DIR] [--statuses 200]

Without --state-dir it starts a localcloud of its own, twice, and times that; with it, it measures the one
that runs there. Time to a job's first status (cold, warm), and publish -> received at 20 statuses a second.
Both through the queue, which is the default and has the goals, and through asynchronous invokes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from benchmarks.measure import Goal, Spread, percentile
from benchmarks.watcher import Watcher
from status_utils import LambdaTransport, QueueTransport
from status_utils.transports.transport import Transport
from statusbeam.localcloud.outputs import DemoUser, LocalOutputs, read_outputs
from statusbeam.localcloud.state_folder import StateFolder

STATUSES_PER_SECOND = 20.0
WARM_UP_STATUSES = 20
WARM_JOBS = 3
ARRIVAL_SECONDS = 30.0
UP_SECONDS = 300.0
WARM_UP_GOAL_SECONDS = 6.0
P50_GOAL_MS = 10.0
P99_GOAL_MS = 40.0
COMPLAINT = "There is a deep pothole at the corner of Elm Street and 5th Avenue, a cyclist fell yesterday."
DOOR = "import sys; from statusbeam.cli.main import main; sys.exit(main())"


def report(state_dir: Path | None, statuses: int) -> None:
    """Measure and print."""
    goals: list[Goal] = []
    if state_dir is not None:
        goals += measure(read_outputs(StateFolder(state_dir).outputs), statuses)
    else:
        with tempfile.TemporaryDirectory(prefix="statusbeam-benchmark-") as folder:
            with localcloud(Path(folder)) as seconds:
                print(f"up with a new state folder  {seconds:.1f} s")
            with localcloud(Path(folder)) as seconds:
                print(f"up again                    {seconds:.1f} s")
                what = "up, again in the same folder"
                goals.append(Goal(what=what, values=[seconds], at_most=WARM_UP_GOAL_SECONDS, unit=" s"))
                goals += measure(read_outputs(StateFolder(Path(folder)).outputs), statuses)
    print("", *goals, sep="\n")


@contextmanager
def localcloud(folder: Path) -> Iterator[float]:
    """`statusbeam local up` until the end of the block; how long it took, in seconds."""
    begun = time.monotonic()
    try:
        _statusbeam("up", folder, "--port", "0", "--aws-port", "0", "--bridge-port", "0")
        yield time.monotonic() - begun
    finally:
        _statusbeam("down", folder)


def _statusbeam(action: str, folder: Path, *options: str) -> None:
    command = [sys.executable, "-c", DOOR, "local", action, "--state-dir", str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=UP_SECONDS, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"statusbeam local {action} failed:\n{done.stdout}\n{done.stderr}")


def measure(outputs: LocalOutputs, statuses: int) -> list[Goal]:
    """Measures jobs and statuses of the first viewer on a running localcloud."""
    user = next(user for user in outputs.demo_users if "viewer" in user.roles)
    with Watcher(outputs.realtime_url, user.user_id, _sign_in(outputs, user)) as watcher:
        first = [_first_status(outputs, user, watcher) for _ in range(1 + WARM_JOBS)]
        print(f"job started -> first status, cold  {first[0]:,.0f} ms")
        print(f"job started -> first status, warm  {Spread.of(first[1:])} ms")
        queue = QueueTransport(outputs.status_queue_url, new_client=lambda: _aws(outputs, "sqs"))
        invoke = LambdaTransport(outputs.publisher_function_arn, new_client=lambda: _aws(outputs, "lambda"))
        goals = []
        for name, transport in (("queue", queue), ("invoke", invoke)):
            _latencies(transport, user, watcher, WARM_UP_STATUSES)
            latencies = _latencies(transport, user, watcher, statuses)
            what = f"{statuses} statuses at {STATUSES_PER_SECOND:.0f}/s, {name} -> received"
            print(f"{what}: {Spread.of(latencies)} ms")
            lost = statuses - len(latencies)
            goals.append(Goal(what=f"statuses that did not arrive, {name}", values=[lost], at_most=0))
            if transport is queue:
                p50, p99 = percentile(latencies, 50), percentile(latencies, 99)
                goals.append(
                    Goal(what="queue -> received, p50", values=[p50], at_most=P50_GOAL_MS, unit=" ms")
                )
                goals.append(
                    Goal(what="queue -> received, p99", values=[p99], at_most=P99_GOAL_MS, unit=" ms")
                )
    return goals


def _first_status(outputs: LocalOutputs, user: DemoUser, watcher: Watcher) -> float:
    job_id = f"benchmark-{uuid.uuid4().hex[:12]}"
    work = {"jobId": job_id, "userId": user.user_id, "tenantId": user.tenant_id, "complaint": COMPLAINT}
    machines, machine = _aws(outputs, "stepfunctions"), outputs.state_machine_arn
    started = time.perf_counter()
    machines.start_execution(stateMachineArn=machine, name=job_id, input=json.dumps(work))
    arrived = watcher.wait_for_job(job_id, seconds=ARRIVAL_SECONDS)
    if arrived is None:
        raise RuntimeError(f"no status of {job_id} came within {ARRIVAL_SECONDS} s")
    _wait_until_done(
        machines, f"{outputs.state_machine_arn}:{job_id}".replace(":stateMachine:", ":execution:")
    )
    return (arrived - started) * 1000


def _wait_until_done(machines: Any, execution_arn: str) -> None:
    # the next measurement must not share the machine with this job's agents
    deadline = time.monotonic() + ARRIVAL_SECONDS
    while machines.describe_execution(executionArn=execution_arn)["status"] == "RUNNING":
        if time.monotonic() > deadline:
            raise RuntimeError(f"{execution_arn} did not end within {ARRIVAL_SECONDS} s")
        time.sleep(0.1)


def _latencies(transport: Transport, user: DemoUser, watcher: Watcher, statuses: int) -> list[float]:
    """Milliseconds from before the send to the subscriber, of those that arrived."""
    job_id = f"benchmark-{uuid.uuid4().hex[:12]}"
    sent: dict[str, float] = {}
    begun = time.perf_counter()
    for number in range(statuses):
        time.sleep(max(0.0, begun + number / STATUSES_PER_SECOND - time.perf_counter()))
        event_id = str(uuid.uuid4())
        update = {
            "jobId": job_id,
            "userId": user.user_id,
            "tenantId": user.tenant_id,
            "eventId": event_id,
            "status": "progress",
            "agentName": "Geo Agent",
            "message": f"Looking at street {number}",
            "progress": 100 * number / statuses,
        }
        sent[event_id] = time.perf_counter()
        transport.send({"updates": [update]})
    arrived = {event: watcher.wait_for_event(job_id, event, seconds=ARRIVAL_SECONDS) for event in sent}
    return [(at - sent[event]) * 1000 for event, at in arrived.items() if at is not None]


def _sign_in(outputs: LocalOutputs, user: DemoUser) -> str:
    result = _aws(outputs, "cognito-idp").initiate_auth(
        AuthFlow="USER_PASSWORD_AUTH",
        ClientId=outputs.user_pool_client_id,
        AuthParameters={"USERNAME": user.username, "PASSWORD": user.password},
    )
    return str(result["AuthenticationResult"]["AccessToken"])


def _aws(outputs: LocalOutputs, service: str) -> Any:
    return boto3.client(  # type: ignore[call-overload]  # the service's name is not a literal here
        service,
        endpoint_url=outputs.aws_endpoint_url,
        region_name=outputs.region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--state-dir", type=Path, help="of a localcloud that runs (default: start one)")
    parser.add_argument("--statuses", type=int, default=200)
    arguments = parser.parse_args()
    report(arguments.state_dir, arguments.statuses)
