"""The server's processes: identifies them even after the system has reused a pid, and terminates them."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

import psutil

TERMINATE_GRACE_SECONDS = 3.0
_POLL_SECONDS = 0.01


class AlreadyRunningError(Exception):
    """Another server uses this state folder. The message is for the user."""


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A recorded server. `started_at` (epoch seconds) distinguishes it from a later process of its pid."""

    pid: int
    started_at: float
    url: str

    @classmethod
    def of(cls, pid: int, url: str = "") -> Self:
        """The process that has this pid now. Raises psutil.NoSuchProcess."""
        return cls(pid, psutil.Process(pid).create_time(), url)

    def find(self) -> psutil.Process | None:
        """This process while it runs, never a later one with its pid."""
        try:
            process = psutil.Process(self.pid)
            alive = process.create_time() == self.started_at and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return process if alive else None

    def pid_was_reused(self) -> bool:
        """Whether another process has this pid now."""
        try:
            return psutil.Process(self.pid).create_time() != self.started_at
        except psutil.NoSuchProcess:
            return False


class ServerRecord:
    """The record of a state folder's only server. The server holds its lock while it runs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def claim(self, url: str) -> Self:
        """Record this process and hold the lock until it ends. Raises AlreadyRunningError."""
        file = self._path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise AlreadyRunningError(f"Another localcloud uses {self._path.parent}.") from error
        this = ServerProcess.of(os.getpid(), url)
        file.seek(0)
        file.truncate()
        json.dump({"pid": this.pid, "startedAt": this.started_at, "url": url}, file)
        file.flush()
        self._file = file  # closing it would release the lock
        return self

    def release(self) -> None:
        """Remove the record at the server's orderly end."""
        self._path.unlink(missing_ok=True)
        if self._file is not None:
            self._file.close()
            self._file = None

    def read(self) -> ServerProcess | None:
        """The recorded server, running or not. None without a record."""
        try:
            document = json.loads(self._path.read_text())
            return ServerProcess(
                pid=int(document["pid"]), started_at=float(document["startedAt"]), url=str(document["url"])
            )
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def running(self) -> ServerProcess | None:
        """The server that holds the lock now."""
        server = self.read()
        if server is None or server.find() is None or not self._is_locked():
            return None
        return server

    def _is_locked(self) -> bool:
        try:
            with self._path.open() as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False


def session_processes(server: ServerProcess) -> list[psutil.Process]:
    """The running processes of the session that `server` leads or led, including itself.

    The system does not reuse a session leader's pid while the session exists. If another process has the pid,
    the session has ended and the list is empty.
    """
    if server.pid_was_reused():
        return []
    return [process for process in psutil.process_iter() if _is_member(process, server)]


def _is_member(process: psutil.Process, server: ServerProcess) -> bool:
    try:
        if os.getsid(process.pid) != server.pid or process.create_time() < server.started_at:
            return False
        return _runs(process)
    except (psutil.Error, ProcessLookupError, PermissionError):
        return False


def terminate(processes: Iterable[psutil.Process], *, grace_seconds: float = TERMINATE_GRACE_SECONDS) -> None:
    """Terminate all processes, wait `grace_seconds` once, and kill those that still run."""
    waiting = list(processes)
    for process in waiting:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    alive = _wait(waiting, grace_seconds)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _wait(alive, grace_seconds)


def terminate_children() -> None:
    """Terminate all descendants of this process."""
    terminate(psutil.Process().children(recursive=True))


def _wait(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """The processes that still run after the wait. Zombies have ended: a container may never reap them."""
    deadline = time.monotonic() + seconds
    while True:
        psutil.wait_procs(processes, timeout=0)  # reaps our own children
        processes = [process for process in processes if _runs(process)]
        if not processes or time.monotonic() >= deadline:
            return processes
        time.sleep(_POLL_SECONDS)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
