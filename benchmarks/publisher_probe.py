"""One publisher in a fresh interpreter, as Lambda runs it: prints its own CPU time as JSON.

    python -m benchmarks.publisher_probe <module> <batch> <invocations>

`init_ms`: importing the handler and its first call, which wires everything up. `import_ms`: the import alone.
`warm_ms`: one status in the calls after that. CPU of the whole process, all threads, not wall time.
"""

from __future__ import annotations

import importlib
import io
import json
import sys
import time
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

from benchmarks.dialects import status

WARM_UP_CALLS = 3


@dataclass(frozen=True, slots=True)
class Context:
    """The part of Lambda's context object that Powertools and handlers read."""

    aws_request_id: str
    function_name: str = "status-publisher"
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:status-publisher"

    def get_remaining_time_in_millis(self) -> int:
        """The full time of a new invocation."""
        return 30_000


def event(number: int, batch: int) -> dict[str, Any]:
    """A payload of `batch` statuses of one job."""
    updates = [{**status(number * batch + i, 400), "tenantId": "tenant-1"} for i in range(batch)]
    for update in updates:
        del update["sequence"]  # the publisher sets it
    return {"batchId": f"batch-{number}", "updates": updates}


def check(result: dict[str, Any], batch: int) -> None:
    """Fail if a handler did not do all of the work."""
    done = (result.get("published"), result.get("committed"), result.get("pushed"))
    if done not in ((batch, None, None), (None, batch, 1)):
        raise RuntimeError(f"of {batch} statuses only {result} were published")


def main(module: str, batch: int, invocations: int) -> dict[str, float]:
    """Measure the handler of `module`."""
    payloads = [event(number, batch) for number in range(1 + WARM_UP_CALLS + invocations)]
    contexts = [Context(aws_request_id=f"request-{number}") for number in range(len(payloads))]
    with redirect_stdout(io.StringIO()):  # log lines count as work, but the speed of a terminal does not
        begun = time.process_time()
        handler = importlib.import_module(module).handler
        imported = time.process_time()
        handler(payloads[0], contexts[0])
        wired = time.process_time()
        for number in range(1, 1 + WARM_UP_CALLS):
            handler(payloads[number], contexts[number])
        warm = time.process_time()
        results = [
            handler(payloads[number], contexts[number]) for number in range(1 + WARM_UP_CALLS, len(payloads))
        ]
        done = time.process_time()
    for result in results:
        check(result, batch)
    return {
        "import_ms": (imported - begun) * 1000,
        "init_ms": (wired - begun) * 1000,
        "warm_ms": (done - warm) * 1000 / (invocations * batch),
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
