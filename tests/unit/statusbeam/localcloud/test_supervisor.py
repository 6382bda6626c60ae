"""Starting, finding and ending the background server, with a tiny server in its place."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from statusbeam.localcloud.processes import ServerProcess, ServerRecord, session_processes
from statusbeam.localcloud.progress import Progress, Ready, Step
from statusbeam.localcloud.state_folder import StateFolder
from statusbeam.localcloud.supervisor import LocalcloudError, Supervisor, UpResult

ROOT = Path(__file__).resolve().parents[4]
URL = "http://127.0.0.1:4000"

# Claims the record, starts a child that outlives it unless it is terminated, reports its progress, and waits.
SERVER = """
import os, signal, subprocess, sys, time
from pathlib import Path
from statusbeam.localcloud.processes import ServerRecord, terminate_children
from statusbeam.localcloud.progress import Failed, ProgressWriter, Ready, Step
from statusbeam.localcloud.state_folder import StateFolder

folder, manner, fd = StateFolder(Path(sys.argv[1])), sys.argv[2], int(sys.argv[4])
progress = ProgressWriter(fd)
record = ServerRecord(folder.process_record).claim("http://127.0.0.1:4000")
child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
print("hello from the server", flush=True)

def stop(*_):
    if manner != "careless":
        terminate_children()
    record.release()
    os._exit(0)

signal.signal(signal.SIGTERM, signal.SIG_IGN if manner == "deaf" else stop)
progress.report(Step("deploying"))
if manner == "crashes":
    os._exit(3)
if manner == "fails":
    progress.report(Failed("The deployment failed: no luck."))
    stop()
if manner == "hangs":
    signal.pause()
progress.report(Ready("http://127.0.0.1:4000"))
while True:
    signal.pause()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[StateFolder]:
    folder = StateFolder(tmp_path / "state")
    yield folder
    Supervisor(folder).down()


def command(folder: StateFolder, manner: str = "works") -> list[str]:
    return [sys.executable, "-c", SERVER, str(folder.root), manner]


def up(folder: StateFolder, manner: str = "works", seen: list[Progress] | None = None) -> UpResult:
    reported = [] if seen is None else seen
    environment = {"PATH": os.defpath, "PYTHONPATH": str(ROOT)}
    return Supervisor(folder).up(command(folder, manner), environment, on_progress=reported.append)


def server_of(folder: StateFolder) -> ServerProcess:
    server = ServerRecord(folder.process_record).read()
    assert server is not None
    return server


def test_up_starts_the_server_in_a_session_of_its_own_and_reports_its_progress(folder: StateFolder) -> None:
    seen: list[Progress] = []
    assert up(folder, seen=seen) == UpResult(URL, started=True)
    assert seen == [Step("deploying"), Ready(URL)]
    running = Supervisor(folder).status()
    assert running == server_of(folder)
    assert os.getsid(running.pid) == running.pid
    assert "hello from the server" in folder.server_log.read_text()


def test_a_second_up_only_returns_the_url_of_the_running_server(folder: StateFolder) -> None:
    up(folder)
    first = server_of(folder)
    assert up(folder) == UpResult(URL, started=False)
    assert server_of(folder) == first


def test_two_ups_at_once_start_one_server(folder: StateFolder) -> None:
    results: list[UpResult] = []
    threads = [threading.Thread(target=lambda: results.append(up(folder))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.started for result in results) == [False, True]


@pytest.mark.parametrize("manner", ["works", "careless"])
def test_down_leaves_no_process(folder: StateFolder, manner: str) -> None:
    up(folder, manner)
    server = server_of(folder)
    assert len(session_processes(server)) == 2
    assert Supervisor(folder).down() is True
    assert session_processes(server) == []
    assert Supervisor(folder).status() is None
    assert not folder.process_record.exists()


def test_down_ends_a_server_that_does_not_listen(
    folder: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("statusbeam.localcloud.supervisor.STOP_GRACE_SECONDS", 0.1)
    up(folder, "deaf")
    server = server_of(folder)
    Supervisor(folder).down()
    assert session_processes(server) == []


def test_down_without_a_server_does_nothing(folder: StateFolder) -> None:
    assert Supervisor(folder).down() is False


def test_down_ends_the_processes_of_a_killed_server(folder: StateFolder) -> None:
    up(folder)
    server = server_of(folder)
    os.kill(server.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(server.pid)])
    assert Supervisor(folder).status() is None
    Supervisor(folder).down()
    assert session_processes(server) == []


def test_up_after_a_kill_starts_again(folder: StateFolder) -> None:
    up(folder)
    server = server_of(folder)
    os.kill(server.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(server.pid)])
    assert up(folder).started is True
    assert session_processes(server) == []


def test_a_stale_record_whose_pid_was_reused_leaves_the_other_process_alone(folder: StateFolder) -> None:
    stranger = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        folder.create()
        folder.process_record.write_text(json.dumps({"pid": stranger.pid, "startedAt": 1.0, "url": URL}))
        assert Supervisor(folder).status() is None
        Supervisor(folder).down()
        assert stranger.poll() is None
    finally:
        stranger.communicate()


def test_a_record_of_a_running_process_without_the_lock_is_ignored(folder: StateFolder) -> None:
    folder.create()
    me = ServerProcess.of(os.getpid())
    folder.process_record.write_text(json.dumps({"pid": me.pid, "startedAt": me.started_at, "url": URL}))
    assert Supervisor(folder).status() is None


@pytest.mark.parametrize("content", ["", "12345", "{}", '{"pid": "x", "startedAt": 1, "url": ""}', "\x00"])
def test_a_broken_record_is_no_server(folder: StateFolder, content: str) -> None:
    folder.create()
    folder.process_record.write_text(content)
    assert Supervisor(folder).status() is None
    assert Supervisor(folder).down() is False


def test_a_server_that_gives_up_ends_with_its_own_sentence_and_no_process(folder: StateFolder) -> None:
    with pytest.raises(LocalcloudError, match="The deployment failed: no luck"):
        up(folder, "fails")
    assert Supervisor(folder).status() is None


def test_a_server_that_crashes_points_at_its_log(folder: StateFolder) -> None:
    with pytest.raises(LocalcloudError, match=r"the reason is in .*localcloud\.log"):
        up(folder, "crashes")
    assert not folder.process_record.exists()


def test_an_interrupted_up_leaves_no_process(folder: StateFolder) -> None:
    servers: list[ServerProcess] = []

    def interrupt(_progress: Progress) -> None:
        servers.append(server_of(folder))
        raise KeyboardInterrupt

    environment = {"PATH": os.defpath, "PYTHONPATH": str(ROOT)}
    with pytest.raises(KeyboardInterrupt):
        Supervisor(folder).up(command(folder, "hangs"), environment, on_progress=interrupt)
    assert session_processes(servers[0]) == []
    assert Supervisor(folder).status() is None


def test_the_state_folder_is_private(folder: StateFolder) -> None:
    folder.create()
    assert folder.root.stat().st_mode & 0o077 == 0
