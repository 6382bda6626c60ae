"""The library's cost for an agent, compared with boto3's (docs/explanation/performance.md).

    python -m benchmarks.caller [--runs 9]

`import status_utils` against `import boto3`, each in fresh interpreters. One status, outside and in a scope,
against one asynchronous invoke through a boto3 client that is already there: CPU time of the calling thread.
Statuses of up to 10 MB. Sends of a thousand progress calls. The wait of a handler whose backend is dead,
silent, throttles or refuses, and whether the logs have its final status; with the SDK loaded before.
"""

from __future__ import annotations

import argparse
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from benchmarks.lambda_environment import lambda_environment
from benchmarks.measure import Goal, Server, Spread, ask, paired, python, ratios

IMPORT = """
import json, sys, time
before = set(sys.modules)
begun = time.process_time()
import {module}
done = time.process_time()
new = {{name.partition(".")[0] for name in set(sys.modules) - before}}
foreign = sorted(new - set(sys.stdlib_module_names) - {{"{module}", "statusbeam"}})
print(json.dumps({{"ms": (done - begun) * 1000, "foreign": len(foreign)}}))
"""
CALLS = """
import json, time
{setup}
for number in range(20):
    call(number)
settle()
begun = time.thread_time()
for number in range({calls}):
    call(number)
print(json.dumps({{"us": (time.thread_time() - begun) * 1e6 / {calls}}}))
"""
PUBLISH = """
import status_utils
def settle(): ...
def call(number):
    assert status_utils.publish_agent_status(
        "job-1", "user-1", "tenant-1", "Geo Agent", "agent_invoking", f"Looking up street {number}")
"""
SCOPE = """
from status_utils import job, publish_agent_status, report_progress
the_job = job(job_id="job-1", user_id="user-1", tenant_id="tenant-1").__enter__()
agent = the_job.agent("Geo Agent").__enter__()
def settle():
    the_job.sender.flush(60, force_wait=True)
"""
IN_SCOPE = (
    SCOPE
    + """
def call(number):
    agent.status("looking_up", f"Looking up street {number}")
"""
)
METADATA_IN_SCOPE = (
    SCOPE
    + """
def call(number):
    found = {"street": "Elm", "number": number, "share": 0.5, "found": True}
    agent.status("looking_up", f"Looking up street {number}", found)
"""
)
PUBLISH_IN_SCOPE = (
    SCOPE
    + """
def call(number):
    assert publish_agent_status(
        "job-1", "user-1", "tenant-1", "Geo Agent", "looking_up", f"Looking up street {number}")
"""
)
PROGRESS_IN_SCOPE = (
    SCOPE
    + """
def call(number):
    report_progress(number / 1000, f"Looking up street {number}")
"""
)
INVOKE = """
import os, uuid
from datetime import datetime, timezone
import boto3
client = boto3.client("lambda")
def settle(): ...
def call(number):
    update = {
        "jobId": "job-1", "userId": "user-1", "tenantId": "tenant-1", "eventId": str(uuid.uuid4()),
        "status": "agent_invoking", "agentName": "Geo Agent", "message": f"Looking up street {number}",
        "timestamp": datetime.now(timezone.utc).isoformat()}
    client.invoke(FunctionName=os.environ["STATUS_PUBLISHER_FUNCTION"], InvocationType="Event",
                  Payload=json.dumps({"updates": [update]}).encode())
"""
PROGRESS = """
import json, time
from status_utils import job, LambdaTransport
class Counting(LambdaTransport):
    sends = 0
    def send(self, payload):
        self.sends += 1
        super().send(payload)
transport = Counting("status-publisher")
transport.prepare()
with job(job_id="job-1", user_id="user-1", tenant_id="tenant-1", transport=transport) as j:
    with j.agent("Geo Agent") as agent:
        begun = time.monotonic()
        for number in range(1000):
            agent.progress(number / 1000, f"Street {number}")
            time.sleep(max(0, begun + number / 1000 - time.monotonic()))
        seconds = time.monotonic() - begun
j.sender.flush(60, force_wait=True)
print(json.dumps({"sends": transport.sends, "seconds": seconds}))
"""
HANDLER = """
import json, logging, time
from status_utils import status_handler
from status_utils.sending.undelivered_log import undelivered_in
from status_utils.defaults import default_transport
default_transport().prepare()
class Lines(logging.Handler):
    lines = []
    def emit(self, record):
        self.lines.append(record.getMessage())
logging.getLogger("status_utils.undelivered").addHandler(Lines())
@status_handler("Geo Agent")
def handler(event, context):
    return sum(range(1000))
def took(number):
    begun = time.monotonic()
    handler({{"jobId": f"job-{{number}}", "userId": "user-1", "tenantId": "tenant-1"}}, None)
    return (time.monotonic() - begun) * 1000
first = took(0)
later = sorted(took(number) for number in range(1, 51))
logged = {{
    status["jobId"]
    for payload in undelivered_in("\\n".join(Lines.lines))
    for status in payload["updates"] if status["status"] == "agent_complete"}}
print(json.dumps({{"first": first, "later": later[25], "worst": later[-1], "lost": 51 - len(logged)}}))
"""
LARGE = (
    SCOPE
    + """
import json, time
from functools import partial
def chain(size):
    try:
        raise ValueError("m" * size)
    except ValueError as error:
        return error
def tree(size):
    row = {{"street": "Elm", "numbers": [1, 2.5, "x" * 50]}}
    return {{str(number): dict(row) for number in range(size // 100)}}
def settle():
    the_job.sender.flush(60, force_wait=True)
calls = {{
    "text": lambda size: partial(agent.status, "found", "long text " * (size // 10)),
    "metadata": lambda size: partial(agent.status, "found", "…", {{"rows": "x" * size, "street": "Elm"}}),
    "tree": lambda size: partial(agent.status, "found", "…", tree(size)),
    "exception": lambda size: partial(the_job.agent("Geo Agent").start().end, chain(size)),
}}
for make in calls.values():
    make(1_000)()
worst = {{}}
for name, make in calls.items():
    for size in (1_000, 100_000, 1_000_000, 10_000_000):
        call = make(size)
        settle()
        begun = time.thread_time()
        call()
        worst[name] = max(worst.get(name, 0), (time.thread_time() - begun) * 1000)
print(json.dumps(worst))
"""
)
CALLS_PER_RUN = 200
IMPORT_GOAL = 0.08
CALL_GOAL = 0.002
SENDS_GOAL = 10
FIRST_GOAL_MS = 200
LATER_GOAL_MS = 1
LARGE_GOAL_MS = 5


def report(runs: int) -> None:
    """Measure and print."""
    goals = [*_imports(runs)]
    with tempfile.TemporaryDirectory() as folder, Server(python("benchmarks.fake_aws", folder)) as aws:
        environment = lambda_environment(aws.port, Path(folder))
        goals += _calls(runs, environment)
        goals += _large(runs, environment)
        goals += _progress(runs, environment)
        goals += _dead_backends(runs, environment)
    print("", *goals, sep="\n")


def _calls(runs: int, environment: Mapping[str, str]) -> list[Goal]:
    sources = {
        "publish": PUBLISH,
        "invoke": INVOKE,
        "scope": IN_SCOPE,
        "scope, metadata": METADATA_IN_SCOPE,
        "publish in scope": PUBLISH_IN_SCOPE,
        "report_progress": PROGRESS_IN_SCOPE,
    }
    probes = {name: _code(CALLS.format(setup=setup, calls=CALLS_PER_RUN)) for name, setup in sources.items()}
    calls = paired(runs, {n: partial(ask, probe, environment=environment) for n, probe in probes.items()})
    us = {name: [run["us"] for run in calls[name]] for name in sources}
    print(f"boto3 invoke (Event)            {Spread.of(us['invoke'])} us")
    print(f"publish_agent_status            {Spread.of(us['publish'])} us")
    print(f"publish / invoke                {Spread.of(ratios(us['publish'], us['invoke']))}")
    for name in ("scope", "scope, metadata", "publish in scope", "report_progress"):
        print(f"{name:<31} {Spread.of(us[name])} us")
    return [
        Goal(
            what=f"{what} / boto3 invoke, CPU of the caller",
            values=ratios(us[name], us["invoke"]),
            at_most=CALL_GOAL,
        )
        for name, what in (
            ("scope", "agent.status in a scope"),
            ("scope, metadata", "agent.status with metadata in a scope"),
            ("publish in scope", "publish_agent_status in a scope"),
            ("report_progress", "report_progress in a scope"),
        )
    ]


def _large(runs: int, environment: Mapping[str, str]) -> list[Goal]:
    """Statuses of 1 kB to 10 MB. The result is that of the worst size."""
    found = [ask(_code(LARGE.format()), environment=environment) for _ in range(min(runs, 5))]
    return [
        Goal(
            what=f"a status whose {name} has up to 10 MB, CPU of the caller",
            values=[run[name] for run in found],
            at_most=LARGE_GOAL_MS,
            unit=" ms",
        )
        for name in ("text", "metadata", "tree", "exception")
    ]


def _progress(runs: int, environment: Mapping[str, str]) -> list[Goal]:
    found = [ask(_code(PROGRESS), environment=environment) for _ in range(min(runs, 3))]
    print(f"1000 progress calls took        {Spread.of([run['seconds'] for run in found])} s")
    sends = [run["sends"] for run in found]
    return [
        Goal(what="sends of a job with 1000 progress calls in a second", values=sends, at_most=SENDS_GOAL)
    ]


def _dead_backends(runs: int, environment: Mapping[str, str]) -> list[Goal]:
    """Backends that are closed, silent, throttling and refusing."""
    goals = []
    with ExitStack() as stack:
        silent, closed = (stack.enter_context(socket.socket()) for _ in range(2))
        for backend in (silent, closed):
            backend.bind(("127.0.0.1", 0))
        silent.listen(128)
        urls = {
            "is not there": f"https://127.0.0.1:{closed.getsockname()[1]}",
            "is silent": f"https://127.0.0.1:{silent.getsockname()[1]}",
            "throttles": stack.enter_context(_answering(429, "TooManyRequestsException")),
            "refuses": stack.enter_context(_answering(403, "AccessDeniedException")),
        }
        for name, url in urls.items():
            dead = {**environment, "AWS_ENDPOINT_URL": url}
            found = [ask(_code(HANDLER.format()), environment=dead) for _ in range(min(runs, 5))]
            first, later, lost = ([run[key] for run in found] for key in ("first", "later", "lost"))
            print(f"worst later one, {name:<14} {Spread.of([run['worst'] for run in found])} ms")
            what = f"a handler whose backend {name}"
            goals += [
                Goal(what=f"{what}, once", values=first, at_most=FIRST_GOAL_MS, unit=" ms"),
                Goal(what=f"{what}, then", values=later, at_most=LATER_GOAL_MS, unit=" ms"),
                Goal(what=f"{what}: of 51 final statuses, not in the log output", values=lost, at_most=0),
            ]
    return goals


@contextmanager
def _answering(status: int, code: str) -> Iterator[str]:
    """The URL of a server that answers every request with the same error."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("x-amzn-ErrorType", code)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's signature
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


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
