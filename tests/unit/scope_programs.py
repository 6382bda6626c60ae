"""Programs that tests run in interpreters of their own: `python -m tests.unit.scope_programs NAME FILE`.

Each reports through a transport that appends its payloads to FILE, a line each.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from status_utils import JobScope, job
from status_utils.errors import TransportError


class FileTransport:
    """Appends to a file. While the file `<name>.dead` exists, nobody answers."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, payload: Mapping[str, Any]) -> None:
        if self._path.with_suffix(".dead").exists():
            raise TransportError("nobody answers", code="EndpointConnectionError", retriable=True)
        with self._path.open("a") as file:
            file.write(json.dumps({"pid": os.getpid(), **payload}) + "\n")


def tell(text: str) -> None:
    """To whoever started the program."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def opened(transport: FileTransport, job_id: str = "job-1") -> JobScope:
    return job(job_id=job_id, user_id="ana", tenant_id="city", transport=transport)


def exits(transport: FileTransport) -> None:
    """Ends without ending its scopes."""
    j = opened(transport).start()
    j.agent("Geo Agent").start()


def exits_by_error(transport: FileTransport) -> None:
    """Ends with an exception that nobody catches."""
    with opened(transport) as j, j.agent("Geo Agent"):
        raise RuntimeError("password=hunter2")


def waits_for_a_signal(transport: FileTransport) -> None:
    """Says something, and that it is ready."""
    opened(transport).start().status("one", "…")
    tell("ready")
    threading.Event().wait()


def handles_signals_itself(transport: FileTransport) -> None:
    """Has a handler of its own from before."""
    import signal  # noqa: PLC0415 - for this one

    def stop(number: int, frame: object) -> None:
        tell("stopped by my own handler")
        sys.exit(7)

    signal.signal(signal.SIGTERM, stop)
    waits_for_a_signal(transport)


def forks(transport: FileTransport) -> None:
    """Runs an agent in a forked process that ends as multiprocessing's do, and one in its own."""
    with opened(transport) as j:
        j.status("one", "…")
        child = os.fork()
        if child == 0:
            with j.agent("Child"):
                pass
            os._exit(0)
        os.waitpid(child, 0)
        with j.agent("Parent"):
            pass


def is_a_lambda(transport: FileTransport) -> None:
    """Handles an event a line, as Lambda's runtime does: between them it may be frozen, or gone for good."""
    tell("ready")
    for line in sys.stdin:
        with opened(transport, line.strip()) as j, j.agent("Geo Agent"):
            pass
        tell("done")


PROGRAMS: dict[str, Callable[[FileTransport], None]] = {
    program.__name__: program
    for program in (
        exits,
        exits_by_error,
        waits_for_a_signal,
        handles_signals_itself,
        forks,
        is_a_lambda,
    )
}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](FileTransport(Path(sys.argv[2])))
