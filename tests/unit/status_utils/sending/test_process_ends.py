"""No status is lost if a process ends, forks or freezes: real signals, forks and freezes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from status_utils.sending.undelivered_log import undelivered_in

ROOT = Path(__file__).parents[4]


def command(program: str, file: Path) -> list[str]:
    return [sys.executable, "-m", "tests.unit.status_utils.sending.scope_programs", program, str(file)]


def ended(program: str, file: Path) -> subprocess.CompletedProcess[str]:
    """The program, which has ended well."""
    return subprocess.run(command(program, file), cwd=ROOT, check=True, capture_output=True, text=True)


@contextmanager
def running(program: str, file: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """The ready program."""
    with started(command(program, file), environment) as process:
        yield process


@contextmanager
def started(arguments: list[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """The ready process."""
    process = subprocess.Popen(
        arguments,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def payloads(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def status_words(found: list[dict[str, Any]]) -> list[str]:
    return [status["status"] for payload in found for status in payload["updates"]]


def test_the_end_of_the_interpreter_sends_what_is_left(tmp_path: Path) -> None:
    subprocess.run(command("exits", tmp_path / "sent"), cwd=ROOT, check=True)
    assert status_words(payloads(tmp_path / "sent")) == ["loading_agents", "agent_invoking"]


def test_the_end_of_the_interpreter_writes_to_the_log_what_nobody_takes(tmp_path: Path) -> None:
    (tmp_path / "sent.dead").touch()
    done = ended("exits", tmp_path / "sent")
    assert status_words(list(undelivered_in(done.stderr))) == ["loading_agents", "agent_invoking"]


def test_the_end_of_the_interpreter_waits_longer_for_a_slow_backend_than_the_end_of_a_job(
    tmp_path: Path,
) -> None:
    done = ended("ends_before_a_slow_backend_answers", tmp_path / "sent")
    assert status_words(payloads(tmp_path / "sent")) == ["loading_agents", "one", "complete"]
    assert done.stderr == ""


def test_an_uncaught_exception_ends_agent_and_job_without_detail(tmp_path: Path) -> None:
    done = subprocess.run(
        command("exits_by_error", tmp_path / "sent"), cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert status_words(payloads(tmp_path / "sent"))[-2:] == ["agent_error", "error"]
    assert "hunter2" not in (tmp_path / "sent").read_text()


@pytest.mark.parametrize("dead", [False, True])
def test_sigterm_ends_the_process_as_ever_once_everything_is_sent_or_in_the_log(
    tmp_path: Path, dead: bool
) -> None:
    if dead:
        (tmp_path / "sent.dead").touch()
    with running("waits_for_a_signal", tmp_path / "sent") as process:
        process.terminate()
        _, log = process.communicate(timeout=60)
        assert process.returncode == -signal.SIGTERM
    assert status_words([*payloads(tmp_path / "sent"), *undelivered_in(log)]) == ["loading_agents", "one"]


def test_a_handler_of_sigterm_that_was_there_before_still_decides(tmp_path: Path) -> None:
    with running("handles_signals_itself", tmp_path / "sent") as process:
        process.terminate()
        shown, _ = process.communicate(timeout=60)
        assert (process.returncode, shown) == (7, "stopped by my own handler\n")
    assert status_words(payloads(tmp_path / "sent")) == ["loading_agents", "one"]


def test_a_forked_process_sends_its_own_statuses_and_only_those(tmp_path: Path) -> None:
    subprocess.run(command("forks", tmp_path / "sent"), cwd=ROOT, check=True)
    by_process: dict[int, list[dict[str, Any]]] = {}
    for payload in payloads(tmp_path / "sent"):
        by_process.setdefault(payload["pid"], []).append(payload)
    assert sorted(status_words(found) for found in by_process.values()) == [
        ["agent_invoking", "agent_complete"],
        ["loading_agents", "one", "agent_invoking", "agent_complete", "complete"],
    ]


def test_a_job_is_ended_by_the_process_that_began_it_not_by_one_that_it_forked(tmp_path: Path) -> None:
    subprocess.run(command("forks_and_leaves", tmp_path / "sent"), cwd=ROOT, check=True)
    told = status_words(payloads(tmp_path / "sent"))
    assert sorted(told) == ["agent_complete", "agent_invoking", "complete", "loading_agents", "one"]
    assert told[-1] == "complete"


def test_a_process_of_multiprocessing_sends_what_is_left_when_it_ends(tmp_path: Path) -> None:
    subprocess.run(command("works_in_child_processes", tmp_path / "sent"), cwd=ROOT, check=True)
    told: dict[str, list[str]] = {}
    for payload in payloads(tmp_path / "sent"):
        for status in payload["updates"]:
            told.setdefault(status["jobId"], []).append(status["status"])
    whole = ["loading_agents", "one", "complete"]
    assert told == {
        "fork": whole,
        "forkserver": whole,
        "spawn": whole,
        "shared": ["loading_agents", "by_the_fork", "complete"],
    }


def test_a_process_forked_while_the_sender_loads_can_load_the_same(tmp_path: Path) -> None:
    done = ended("forks_while_it_loads", tmp_path / "sent")
    assert done.stdout == "the child ended with 0\n"
    assert status_words(payloads(tmp_path / "sent")) == ["loading_agents", "complete"]


@pytest.mark.parametrize("program", ["forks_while_a_message_is_redacted", "forks_while_it_commits"])
def test_a_process_forked_while_the_sender_is_at_work_can_send(tmp_path: Path, program: str) -> None:
    done = ended(program, tmp_path / "sent")
    assert (done.stdout, done.stderr) == ("the child ended with 0\n", "")
    told = sorted(status_words(payloads(tmp_path / "sent")))
    assert told == ["agent_complete", "agent_invoking", "complete", "loading_agents"]


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="Python 3.13 gave the module another name")
def test_a_job_in_a_subinterpreter_which_may_not_handle_signals_raises_nothing(tmp_path: Path) -> None:
    subprocess.run(command("works_in_a_subinterpreter", tmp_path / "sent"), cwd=ROOT, check=True)
    assert status_words(payloads(tmp_path / "sent"))[0] == "loading_agents"


def test_after_sigterm_the_oldest_statuses_are_sent_or_logged(tmp_path: Path) -> None:
    (tmp_path / "sent.dead").touch()
    with running("says_much_and_is_stopped", tmp_path / "sent") as process:
        process.terminate()
        _, log = process.communicate(timeout=60)
        assert process.returncode == -signal.SIGTERM
    told = status_words(list(undelivered_in(log)))
    assert told == ["loading_agents", *["one"] * 15_000][: len(told)]


def test_the_oldest_is_in_the_log_long_before_the_rest_could_be(tmp_path: Path) -> None:
    (tmp_path / "sent.dead").touch()
    with running("says_much_and_is_killed", tmp_path / "sent") as process:
        process.terminate()
        _, log = process.communicate(timeout=60)
        assert process.returncode == -signal.SIGPROF
    assert status_words(list(undelivered_in(log)))[:2] == ["loading_agents", "one"]


@pytest.mark.parametrize("in_thread", ["", "yes"])
def test_statuses_of_a_draining_server_are_sent_or_logged(tmp_path: Path, in_thread: str) -> None:
    server = [sys.executable, "-m", "uvicorn", "tests.unit.status_utils.sending.draining_app:app"]
    options = ["--port", "0", "--log-level", "critical"]
    environment = {"REPORT_TO": str(tmp_path / "sent"), "IN_THREAD": in_thread}
    with started([*server, *options], environment) as process:
        process.terminate()
        _, log = process.communicate(timeout=60)
        assert process.returncode == -signal.SIGTERM
    found = {payload["batchId"]: payload for payload in (*payloads(tmp_path / "sent"), *undelivered_in(log))}
    assert sorted(status_words(list(found.values()))) == sorted(ONE_CALL)


def test_a_job_in_a_later_exit_hook_is_sent_or_in_the_log(tmp_path: Path) -> None:
    done = ended("works_after_the_exit_hook", tmp_path / "sent")
    found = {
        payload["batchId"]: payload
        for payload in [*payloads(tmp_path / "sent"), *undelivered_in(done.stderr)]
    }
    late = [s["status"] for payload in found.values() for s in payload["updates"] if s["jobId"] == "late"]
    assert sorted(late) == sorted(ONE_CALL)


def test_a_process_that_ends_without_hooks_can_flush_before(tmp_path: Path) -> None:
    done = ended("flushes_and_exits_hard", tmp_path / "sent")
    assert done.stdout == "True\n"
    assert status_words(payloads(tmp_path / "sent")) == ["loading_agents", "one"]


ONE_CALL = ["loading_agents", "agent_invoking", "agent_complete", "complete"]


def call(process: subprocess.Popen[str], job_id: str) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{job_id}\n")
    process.stdin.flush()
    assert process.stdout.readline() == "done\n"


def test_a_function_that_is_frozen_between_its_calls_loses_nothing(tmp_path: Path) -> None:
    file = tmp_path / "sent"
    with running("is_a_lambda", file, AWS_LAMBDA_FUNCTION_NAME="agent") as process:
        for number in range(5):
            if number == 2:
                file.with_suffix(".dead").touch()
            if number == 3:
                file.with_suffix(".dead").unlink()
            call(process, f"job-{number}")
            process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, process.pid, os.WSTOPPED)
            process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGSTOP)  # and then never thawed again
        process.kill()
        _, log = process.communicate(timeout=60)
    by_batch = {payload["batchId"]: payload for payload in [*payloads(file), *undelivered_in(log)]}
    told = [status for payload in by_batch.values() for status in payload["updates"]]
    for number in range(5):
        assert sorted(s["status"] for s in told if s["jobId"] == f"job-{number}") == sorted(ONE_CALL)


def test_a_celery_worker_that_is_stopped_sends_what_its_task_reports(tmp_path: Path) -> None:
    queue, file = tmp_path / "queue", tmp_path / "payloads"
    queue.mkdir()
    program = "tests.unit.status_utils.sending.celery_worker"
    worker = subprocess.run(
        [sys.executable, "-m", program, str(queue), str(file)], cwd=ROOT, timeout=60, check=False
    )
    assert worker.returncode == 0
    assert status_words(payloads(file)) == ["loading_agents", "agent_invoking", "agent_complete", "complete"]
