"""Starts, finds and stops localcloud in the background, and leaves no process behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .processes import ServerProcess, ServerRecord, session_processes, terminate
from .progress import Failed, Progress, Ready, read_progress
from .state_folder import StateFolder

STOP_GRACE_SECONDS = 15.0  # the server first stops the emulator's functions and closes its sockets


class LocalcloudError(Exception):
    """localcloud could not be started or stopped. The message is for the user."""


@dataclass(frozen=True, slots=True)
class UpResult:
    """localcloud answers at `url`. `started` is False when it was already running."""

    url: str
    started: bool


class Supervisor:
    """Starts, finds and stops the one server of a state folder."""

    def __init__(self, folder: StateFolder) -> None:
        self._folder = folder
        self._record = ServerRecord(folder.process_record)

    def up(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        on_progress: Callable[[Progress], None],
    ) -> UpResult:
        """Start `command` with `--report-fd N` in a session of its own and wait until it is ready.

        Does nothing when a server already runs here. An interrupted start leaves no process. Raises
        LocalcloudError.
        """
        self._folder.create()
        with self._locked():
            running = self._record.running()
            if running is not None:
                return UpResult(running.url, started=False)
            crashed = self._record.read()
            if crashed is not None:
                self._terminate_session(crashed)
            return UpResult(self._start(command, environment, on_progress), started=True)

    def down(self) -> bool:
        """Stop the server and all processes that it started. False when there was none.

        Raises LocalcloudError when a process can't be terminated.
        """
        if not self._folder.root.is_dir():
            return False
        with self._locked():
            server = self._record.read()
            if server is None:
                return False
            running = server.find() if self._record.running() is not None else None
            if running is not None:
                terminate([running], grace_seconds=STOP_GRACE_SECONDS)
            return self._terminate_session(server) or running is not None

    def status(self) -> ServerProcess | None:
        """The running server."""
        return self._record.running()

    def _start(
        self, command: Sequence[str], environment: Mapping[str, str], on_progress: Callable[[Progress], None]
    ) -> str:
        reading, writing = os.pipe()
        with self._folder.server_log.open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [*command, "--report-fd", str(writing)],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(writing,),
                start_new_session=True,
            )
        os.close(writing)
        server = ServerProcess.of(process.pid)
        last: Progress | None = None
        try:
            with os.fdopen(reading) as pipe:
                for last in read_progress(pipe):
                    on_progress(last)
                    if isinstance(last, Ready):
                        process.returncode = 0  # Popen would warn about the running process
                        return last.url
        finally:
            if not isinstance(last, Ready):
                self._clean_up(process, server)
        if isinstance(last, Failed):
            raise LocalcloudError(last.message)
        raise LocalcloudError(
            f"localcloud ended while it started; the reason is in {self._folder.server_log}."
        )

    def _clean_up(self, process: subprocess.Popen[bytes], server: ServerProcess) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_GRACE_SECONDS)
        terminate(session_processes(server))
        self._folder.process_record.unlink(missing_ok=True)

    def _terminate_session(self, server: ServerProcess) -> bool:
        """Terminate the processes that an ended server has left, and remove its record. True if any."""
        left = session_processes(server)
        terminate(left)
        if session_processes(server):
            pids = ", ".join(str(process.pid) for process in session_processes(server))
            raise LocalcloudError(f"These processes of localcloud could not be terminated: {pids}.")
        self._folder.process_record.unlink(missing_ok=True)
        return bool(left)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One `up` or `down` at a time; the second waits for the first."""
        with self._folder.lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
