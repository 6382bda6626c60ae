"""Processes we started: telling ours from a stranger with the same number, and ending them all."""

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

END_GRACE_SECONDS = 3.0
_POLL_SECONDS = 0.01


class AlreadyRunningError(Exception):
    """Another server holds this state folder; the message is one sentence. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A server as it wrote itself down. `started_at` (epoch seconds) tells it from a later process `pid`."""

    pid: int
    started_at: float
    url: str

    @classmethod
    def of(cls, pid: int, url: str = "") -> Self:
        """The process that has this number now. Raises psutil.NoSuchProcess."""
        return cls(pid, psutil.Process(pid).create_time(), url)

    def find(self) -> psutil.Process | None:
        """Exactly this process, as long as it runs; never another one that got its number."""
        try:
            process = psutil.Process(self.pid)
            alive = process.create_time() == self.started_at and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return process if alive else None

    def gave_its_number_away(self) -> bool:
        """Whether another process has this number now."""
        try:
            return psutil.Process(self.pid).create_time() != self.started_at
        except psutil.NoSuchProcess:
            return False


class ServerRecord:
    """The record of the one server of a state folder. It is locked as long as that server lives."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def claim(self, url: str) -> Self:
        """Write this process down and hold the lock until it ends. Raises AlreadyRunningError."""
        file = self._path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise AlreadyRunningError(f"Another localcloud uses {self._path.parent}.") from error
        me = ServerProcess.of(os.getpid(), url)
        file.seek(0)
        file.truncate()
        json.dump({"pid": me.pid, "startedAt": me.started_at, "url": url}, file)
        file.flush()
        self._file = file  # closing it would release the lock
        return self

    def release(self) -> None:
        """Forget the record: the server has ended in order."""
        self._path.unlink(missing_ok=True)
        if self._file is not None:
            self._file.close()
            self._file = None

    def read(self) -> ServerProcess | None:
        """Who was written down last, running or not; None when nobody was."""
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


def members_of(server: ServerProcess) -> list[psutil.Process]:
    """Every living process of the session that `server` leads or led, itself included.

    A dead leader's number is not given away while its session lives. If another process has the number now,
    the session is not ours and nothing is returned.
    """
    if server.gave_its_number_away():
        return []
    return [process for process in psutil.process_iter() if _is_member(process, server)]


def _is_member(process: psutil.Process, server: ServerProcess) -> bool:
    try:
        if os.getsid(process.pid) != server.pid or process.create_time() < server.started_at:
            return False
        return _runs(process)
    except (psutil.Error, ProcessLookupError, PermissionError):
        return False


def end(processes: Iterable[psutil.Process], *, grace_seconds: float = END_GRACE_SECONDS) -> None:
    """Ask all of them to end, wait once for the whole lot, and kill what is left."""
    doomed = list(processes)
    for process in doomed:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    alive = _wait(doomed, grace_seconds)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _wait(alive, grace_seconds)


def end_children() -> None:
    """End every process this one started, and those they started."""
    end(psutil.Process().children(recursive=True))


def _wait(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that still run after so long. A zombie has ended: in a container nobody may ever collect it."""
    deadline = time.monotonic() + seconds
    while True:
        psutil.wait_procs(processes, timeout=0)  # collects our own children
        processes = [process for process in processes if _runs(process)]
        if not processes or time.monotonic() >= deadline:
            return processes
        time.sleep(_POLL_SECONDS)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
