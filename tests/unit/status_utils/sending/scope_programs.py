"""Programs that tests run in separate interpreters, with NAME and FILE as arguments.

Each reports through a transport that appends its payloads to FILE, a line each.
"""

from __future__ import annotations

import atexit
import importlib
import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from status_utils import DirectTransport, JobScope, flush, job
from status_utils.sending import process_hooks, redact_on_exit
from status_utils.sending.process_hooks import SIGTERM_SECONDS
from status_utils.sending.sender import FLUSH_SECONDS
from statusbeam.model.errors import TransportError

if TYPE_CHECKING:
    from statusbeam.log.publishing.pipeline import PublishResult


class FileTransport:
    """Appends to a file. While the file `<name>.dead` exists, it does not answer."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def send(self, payload: Mapping[str, Any]) -> None:
        if self.path.with_suffix(".dead").exists():
            raise TransportError("nobody answers", code="EndpointConnectionError", retriable=True)
        with self.path.open("a") as file:
            file.write(json.dumps({"pid": os.getpid(), **payload}) + "\n")


def announce(text: str) -> None:
    """To whoever started the program."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def opened(transport: FileTransport, job_id: str = "job-1") -> JobScope:
    return job(job_id=job_id, user_id="ana", tenant_id="city", transport=transport)


def exits(transport: FileTransport) -> None:
    """Ends without ending its scopes."""
    j = opened(transport).start()
    j.agent("Geo Agent").start()


class SlowTransport(FileTransport):
    """Takes longer for each payload than the end of a job waits for all."""

    def send(self, payload: Mapping[str, Any]) -> None:
        time.sleep(2 * FLUSH_SECONDS)
        super().send(payload)


def ends_before_a_slow_backend_answers(transport: FileTransport) -> None:
    """Ends with its job."""
    with opened(SlowTransport(transport.path)) as j:
        j.status("one", "…")


def _works(path: Path, job_id: str) -> None:
    with opened(SlowTransport(path), job_id) as j:
        j.status("one", "…")


def works_in_child_processes(transport: FileTransport) -> None:
    """Has jobs in processes of multiprocessing, started in every way, and one that goes on in a fork."""
    with opened(SlowTransport(transport.path), "shared") as j:
        for method in ("fork", "forkserver", "spawn"):
            context: Any = multiprocessing.get_context(method)
            process = context.Process(target=_works, args=(transport.path, method))
            process.start()
            process.join()
        process = multiprocessing.get_context("fork").Process(target=j.status, args=("by_the_fork", "…"))
        process.start()
        process.join()


def exits_by_error(transport: FileTransport) -> None:
    """Ends with an uncaught exception."""
    with opened(transport) as j, j.agent("Geo Agent"):
        raise RuntimeError("password=hunter2")


def waits_for_a_signal(transport: FileTransport) -> None:
    """Says something, and that it is ready."""
    opened(transport).start().status("one", "…")
    announce("ready")
    threading.Event().wait()


def handles_signals_itself(transport: FileTransport) -> None:
    """Has a handler of its own from before."""

    def stop(number: int, frame: object) -> None:
        announce("stopped by my own handler")
        sys.exit(7)

    signal.signal(signal.SIGTERM, stop)
    waits_for_a_signal(transport)


def forks(transport: FileTransport) -> None:
    """FrameworkRuns an agent in a forked process that ends as multiprocessing's do, and one in its own."""
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


def forks_and_leaves(transport: FileTransport) -> None:
    """Forks a process that leaves the job's block, as one does that exits or fails."""
    with opened(transport) as j:
        child = os.fork()
        if child == 0:
            with j.agent("Child"):
                sys.exit(0)
        os.waitpid(child, 0)
        j.status("one", "…")


def forks_while_it_loads(transport: FileTransport) -> None:
    """Forks while the sender loads a module, which the child needs as well."""
    loading = threading.Event()

    def prepare() -> None:
        loading.set()
        importlib.import_module("tests.unit.status_utils.sending.loads_slowly")

    transport.prepare = prepare  # type: ignore[attr-defined]  # what transports may have
    with opened(transport):
        loading.wait()
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            importlib.import_module("tests.unit.status_utils.sending.loads_slowly")
            os._exit(0)
        announce(f"the child ended with {os.waitpid(child, 0)[1]}")


def forks_while_a_message_is_redacted(transport: FileTransport) -> None:
    """Forks while another thread holds a lock of redaction."""
    with opened(transport) as j:
        with redact_on_exit._history()._lock:
            child = os.fork()
            if child == 0:
                signal.alarm(20)
                with j.agent("Child"):
                    pass
                os._exit(0)
        announce(f"the child ended with {os.waitpid(child, 0)[1]}")


def forks_while_it_commits(transport: FileTransport) -> None:
    """Forks while a payload is under way that this process commits itself."""
    committing, forked = threading.Event(), threading.Event()

    class FilePipeline:
        def publish(self, payload: Mapping[str, Any], **_: Any) -> PublishResult:
            committing.set()
            forked.wait(20)
            transport.send(payload)
            return {"committed": len(payload["updates"]), "rejected": [], "pushed": 0}

    direct: Any = DirectTransport(FilePipeline)  # type: ignore[arg-type]  # all of it that is used
    with opened(direct) as j:
        committing.wait(20)
        child = os.fork()
        forked.set()
        if child == 0:
            signal.alarm(20)
            with j.agent("Child"):
                pass
            os._exit(0)
        announce(f"the child ended with {os.waitpid(child, 0)[1]}")


def works_in_a_subinterpreter(transport: FileTransport) -> None:
    """Has a job where Python lets nobody handle signals, as servers that embed it do."""
    code = f"""
import sys
sys.path.insert(0, {str(Path.cwd())!r})
from pathlib import Path
from tests.unit.status_utils.sending.scope_programs import FileTransport, opened
with opened(FileTransport(Path({str(transport.path)!r}))) as j:
    j.sender.flush(20, force_wait=True)
"""
    subinterpreters: Any = importlib.import_module("_xxsubinterpreters")
    subinterpreters.run_string(subinterpreters.create(isolated=False), code)


def says_much_and_is_stopped(transport: FileTransport) -> None:
    """Has more statuses at its end than it can write in the remaining time."""
    with opened(transport) as j:
        for number in range(15_000):
            j.status("one", f"{number}")
        announce("ready")
        threading.Event().wait()


def says_much_and_is_killed(transport: FileTransport) -> None:
    """The same, but what ends it is the work it has done by then, which no other process slows down."""
    with opened(transport) as j:
        for number in range(15_000):
            j.status("one", f"{number}")
        signal.setitimer(signal.ITIMER_PROF, SIGTERM_SECONDS)  # of CPU
        announce("ready")
        threading.Event().wait()


def is_a_lambda(transport: FileTransport) -> None:
    """Handles an event a line, as Lambda's runtime does: between them it may be frozen, or gone for good."""
    announce("ready")
    for line in sys.stdin:
        with opened(transport, line.strip()) as j, j.agent("Geo Agent"):
            pass
        announce("done")


def works_after_the_exit_hook(transport: FileTransport) -> None:
    """Has a job in an exit hook that was registered before the library's, and so runs after it."""

    def last() -> None:
        with opened(SlowTransport(transport.path), "late") as j, j.agent("Geo Agent"):
            pass

    atexit.register(last)
    with opened(transport):
        pass


def flushes_and_exits_hard(transport: FileTransport) -> None:
    """Ends without any hook, after a flush."""
    opened(SlowTransport(transport.path)).start().status("one", "…")
    announce(str(flush(10)))
    os._exit(0)


PROGRAMS: dict[str, Callable[[FileTransport], None]] = {
    program.__name__: program
    for program in (
        exits,
        ends_before_a_slow_backend_answers,
        works_in_child_processes,
        exits_by_error,
        waits_for_a_signal,
        handles_signals_itself,
        forks,
        forks_and_leaves,
        forks_while_it_loads,
        forks_while_a_message_is_redacted,
        forks_while_it_commits,
        works_in_a_subinterpreter,
        says_much_and_is_stopped,
        says_much_and_is_killed,
        is_a_lambda,
        works_after_the_exit_hook,
        flushes_and_exits_hard,
    )
}

PATIENT_SECONDS = 60.0
"""For programs that are not about the time a signal leaves: half a second is short on a busy machine."""

if __name__ == "__main__":
    program = PROGRAMS[sys.argv[1]]
    seconds = SIGTERM_SECONDS if program is says_much_and_is_stopped else PATIENT_SECONDS
    with patch.object(process_hooks, "SIGTERM_SECONDS", seconds):
        program(FileTransport(Path(sys.argv[2])))
