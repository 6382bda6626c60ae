"""Every command of `statusbeam` on localcloud: in a pipe, and `watch` on a terminal too."""

from __future__ import annotations

import ast
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from statusbeam import Flags, connect, follow
from statusbeam.cli.registry import COMMANDS
from tests.e2e.cloud import Cloud, fresh_id
from tests.e2e.waiting import DEADLINE_SECONDS, wait_for

SECONDS = 3 * DEADLINE_SECONDS
PROGRAM = [sys.executable, "-m", "statusbeam.cli.main"]
COMPLAINT = json.dumps({"complaint": "A deep pothole at Market Street and Castro Street, a cyclist fell"})


class Terminal:
    """Calls the command as a user of this machine does."""

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        self.environment = {
            **os.environ,
            "STATUSBEAM_STATE_DIR": str(cloud.state.root),
            "XDG_CONFIG_HOME": str(folder),
            "TERM": "xterm",
        }

    def call(self, *arguments: str, code: int = 0, given: str = "", **environment: str) -> str:
        """What the call prints to stdout; it must end with `code`."""
        done = subprocess.run(
            [*PROGRAM, *arguments],
            env={**self.environment, **environment},
            input=given,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout

    def start(self, *arguments: str, **streams: Any) -> subprocess.Popen[str]:
        """A call that goes on."""
        return subprocess.Popen(
            [*PROGRAM, *arguments],
            env=self.environment,
            text=True,
            **(streams if streams else {"stdout": subprocess.PIPE}),
        )

    def json(self, *arguments: str, **more: Any) -> Any:
        """The document that the call prints, as jq reads it where it is installed."""
        text = self.call(*arguments, "--output", "json", **more)
        jq = shutil.which("jq")
        if jq is not None:
            text = subprocess.run([jq, "."], input=text, capture_output=True, text=True, check=True).stdout
        return json.loads(text)


@pytest.fixture(scope="module")
def terminal(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    return Terminal(cloud, tmp_path_factory.mktemp("config"))


@pytest.fixture(scope="module")
def job(terminal: Terminal) -> str:
    """A job that `run --watch` has followed to its end."""
    job_id = fresh_id("job")
    lines = terminal.call("run", "complaints", "--input", COMPLAINT, "--job", job_id, "--watch").splitlines()
    assert lines[0].startswith("1 loading_agents Orchestrator ")
    assert [int(line.split()[0]) for line in lines] == list(range(1, len(lines) + 1))
    assert " complete Orchestrator " in lines[-1]
    return job_id


def test_the_job_is_read_in_every_way_and_format(terminal: Terminal, job: str) -> None:
    lines = terminal.call("watch", job).splitlines()
    assert terminal.call("updates", job).splitlines() == lines
    assert terminal.call("updates", job, "--follow").splitlines() == lines
    assert terminal.call("replay", job, "--speed", "1000").splitlines() == lines
    updates = terminal.json("updates", job)
    assert [update["sequence"] for update in updates] == list(range(1, len(lines) + 1))
    assert terminal.json("watch", job) == updates
    assert [json.loads(line) for line in terminal.call("export", job).splitlines()] == updates
    assert yaml.safe_load(terminal.call("updates", job, "-o", "yaml")) == updates
    shown = terminal.json("show", job)
    assert (shown["jobId"], shown["overallStatus"], shown["sequence"]) == (job, "completed", len(lines))
    assert {agent["status"] for agent in shown["agents"]} == {"success"}
    assert terminal.json("show", job, "--at", "2")["overallStatus"] == "processing"
    assert job in terminal.call("show", job)
    assert terminal.json("wait", job)["overallStatus"] == "completed"
    assert job in [listed["jobId"] for listed in terminal.json("jobs", "--since", "1h", "--limit", "50")]
    assert terminal.call("jobs", "--status", "completed", "--limit", "50").count(job) == 1
    events = [
        json.loads(line) for line in terminal.call("export", job, "--format", "cloudevents").splitlines()
    ]
    assert [event["data"]["sequence"] for event in events] == [update["sequence"] for update in updates]
    trace = json.loads(terminal.call("export", job, "--format", "otlp"))
    assert len(trace["resourceSpans"][0]["scopeSpans"][0]["spans"]) == 1 + len(shown["agents"])


def test_watch_on_a_terminal_is_live_and_leaves_the_end(terminal: Terminal, job: str) -> None:
    reading, writing = pty.openpty()
    watching = terminal.start("watch", job, stdin=writing, stdout=writing, stderr=writing)
    os.close(writing)
    shown = b""
    while True:
        try:
            part = os.read(reading, 65_536)
        except OSError:  # the terminal's other end is closed
            break
        if not part:
            break
        shown += part
    os.close(reading)
    assert watching.wait(SECONDS) == 0
    text = shown.decode()
    assert "\x1b[?25l" in text  # the live view hides the cursor …
    assert text.rstrip().endswith("\x1b[?25h") or "\x1b[?25h" in text  # … and shows it again
    assert "✔ completed" in text
    assert "Geo Agent" in text


def test_a_job_that_is_published_by_hand_is_watched_live(terminal: Terminal) -> None:
    job_id = fresh_id("job")
    terminal.call("publish", job_id, "loading_agents", "--message", "Starting")
    assert terminal.json("publish", job_id, "agent_invoking", "--agent", "Geo Agent")["committed"] == 1
    watching = terminal.start("watch", job_id, "--output", "jsonl")
    assert watching.stdout is not None
    assert [json.loads(watching.stdout.readline())["sequence"] for _ in range(2)] == [1, 2]
    assert "Requested the cancellation" in terminal.call("cancel", job_id, "--reason", "sent twice")
    assert json.loads(watching.stdout.readline())["status"] == "cancel_requested"
    terminal.call("publish", job_id, "agent_complete", "--agent", "Geo Agent")
    terminal.call("watch", job_id, "--until", "Geo Agent")
    terminal.call("publish", job_id, "cancelled")
    assert json.loads(watching.stdout.read().splitlines()[-1])["status"] == "cancelled"
    watching.stdout.close()
    assert watching.wait(SECONDS) == 1
    terminal.call("wait", job_id, code=1)
    terminal.call("wait", job_id, "--for", "any")
    terminal.call("cancel", job_id)


def test_pushes_that_are_lost_doubled_and_swapped_change_nothing(cloud: Cloud, terminal: Terminal) -> None:
    job_id = fresh_id("job")
    terminal.call("publish", job_id, "loading_agents")
    watching = terminal.start("watch", job_id)
    assert watching.stdout is not None
    watching.stdout.readline()
    for fault in ({"drop": 1}, {"drop": 0, "duplicate": 1}, {"reorder": 1}, {"closeAll": 1001}):
        faults(cloud, fault)
        for _ in range(2):
            terminal.call("publish", job_id, "progress")
    faults(cloud, {"reset": True})
    terminal.call("publish", job_id, "complete")
    lines = watching.stdout.read().splitlines()
    watching.stdout.close()
    assert watching.wait(SECONDS) == 0
    assert [int(line.split()[0]) for line in lines] == list(range(2, 11))


def faults(cloud: Cloud, switches: Mapping[str, Any]) -> None:
    url = cloud.outputs.dashboard_url + "_localcloud/faults"
    body = json.dumps(switches).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    urllib.request.urlopen(request, timeout=DEADLINE_SECONDS).close()


def test_exit_codes_show_why_a_command_failed(terminal: Terminal, cloud: Cloud, tmp_path: Path) -> None:
    terminal.call("watch", code=2)
    terminal.call("show", fresh_id("none"), code=5)
    terminal.call("watch", fresh_id("none"), "--timeout", "0.5", code=124)
    token = cloud.view_token("somebody", "acme")
    assert terminal.json("jobs", STATUSBEAM_TOKEN=token) == []
    other = fresh_id("job")
    terminal.call("publish", other, "loading_agents")
    terminal.call("publish", other, "progress", "--user", "ben", code=4)
    expired = cloud.view_token("somebody", "acme", ttl=1)
    wait_for("the end of the token", lambda: _refuses(terminal, expired))
    terminal.call("jobs", STATUSBEAM_STATE_DIR=str(tmp_path), code=6)


def _refuses(terminal: Terminal, token: str) -> bool:
    done = subprocess.run(
        [*PROGRAM, "jobs"],
        env={**terminal.environment, "STATUSBEAM_TOKEN": token},
        capture_output=True,
        check=False,
    )
    return done.returncode == 4


@pytest.fixture
def terminals_interrupt() -> Iterator[None]:
    """Ctrl-C reaches the commands, also where a shell began the tests in the background, without it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_ends_a_watch_and_its_session(
    terminal: Terminal, cloud: Cloud, terminals_interrupt: None
) -> None:
    job_id = fresh_id("job")
    terminal.call("publish", job_id, "loading_agents")
    watching = terminal.start("watch", job_id)
    assert watching.stdout is not None
    watching.stdout.readline()
    wait_for("a push", lambda: terminal.json("publish", job_id, "progress")["pushed"] == 1)
    watching.send_signal(signal.SIGINT)
    watching.stdout.close()
    assert watching.wait(SECONDS) == 130
    wait_for("the end of the session", lambda: terminal.json("publish", job_id, "progress")["pushed"] == 0)


def test_contexts_and_logins_choose_deployment_and_user(terminal: Terminal, cloud: Cloud) -> None:
    user = cloud.user(tenant=1)
    terminal.call("context", "add", "here", "--local")
    assert terminal.json("whoami")["deployment"]["source"] == "context here"
    terminal.call("login", given=f"{user.username}\n{user.password}\n")
    who = terminal.json("whoami")
    assert (who["user"]["value"], who["tenant"]["value"]) == (user.user_id, user.tenant_id)
    assert who["user"]["source"] == "login of context here"
    terminal.call("login", given=f"{user.username}\nwrong\n", code=4)
    (listed,) = terminal.json("context", "list")
    assert (listed["name"], listed["loggedIn"]) == ("here", True)
    terminal.call("context", "use", "here")
    terminal.call("context", "remove", "here")
    assert terminal.json("context", "list") == []
    assert terminal.json("whoami")["deployment"]["source"] == "running localcloud"


def test_operators_commands_work_on_localcloud(terminal: Terminal, cloud: Cloud) -> None:
    assert terminal.call("token", "--user", "ana", "--tenant", "acme").startswith("sbv1.")
    user = cloud.new_user(fresh_id("tenant"))
    ids = ("--user", user.user_id, "--tenant", user.tenant_id)
    job_id = fresh_id("job")
    terminal.call("publish", job_id, "complete", *ids, "--metadata", json.dumps({"text": "x" * 9_000}))
    assert terminal.json("jobs", *ids)[0]["jobId"] == job_id
    counts = terminal.json("delete-user", *ids, "--yes")
    assert (counts["jobs"], counts["details"]) == (1, 1)
    assert terminal.json("jobs", *ids) == []
    assert "Ended the sessions" in terminal.call("end-sessions", *ids)
    assert terminal.json("cost")["dollarsPer1000Statuses"] > 0
    assert terminal.call("completion", "bash").count("statusbeam") > 1
    assert "is running" in terminal.call("local", "status")
    terminal.call("redrive-log", "-", "--dry-run", given="a line\n")
    terminal.call("mcp", code=2)  # without a token; with one, the bridge's tests call it
    assert " complete Orchestrator " in terminal.call("demo", "--no-up", "--complaint", "A dark streetlight")


def test_doctor_finds_nothing_wrong(terminal: Terminal, cloud: Cloud) -> None:
    user = cloud.new_user(fresh_id("tenant"))
    ids = ("--user", user.user_id, "--tenant", user.tenant_id)
    assert terminal.json("doctor", *ids, "--statuses", "1")["finding"] is None
    assert terminal.call("doctor", *ids, "--probe").startswith("ok: 5 of 5 statuses received")


def test_dead_letters_are_shown_and_delivered_again(terminal: Terminal, cloud: Cloud) -> None:
    job_id = fresh_id("job")
    user = cloud.user(tenant=0)
    entry = {
        "jobId": job_id,
        "userId": user.user_id,
        "tenantId": user.tenant_id,
        "status": "complete",
        "message": "late",
    }
    cloud.aws("sqs").send_message(
        QueueUrl=cloud.outputs.status_dead_letter_queue_url,
        MessageBody=json.dumps({"batchId": fresh_id("batch"), "updates": [entry]}),
        MessageGroupId=job_id,
        MessageDeduplicationId=job_id,
    )
    assert job_id in str(terminal.json("queue", "peek", "--limit", "100"))
    assert terminal.json("queue", "redrive")["redriven"] >= 1
    ids = ("--user", user.user_id, "--tenant", user.tenant_id)
    terminal.call("wait", job_id, *ids, "--timeout", str(DEADLINE_SECONDS))
    assert terminal.json("queue", "peek") == []


def test_the_bridge_serves_from_here(terminal: Terminal, cloud: Cloud) -> None:
    serving = terminal.start("bridge", "--port", "0", stderr=subprocess.PIPE)
    assert serving.stderr is not None
    try:
        assert "The bridge serves localcloud" in serving.stderr.readline()
        wait_for("the bridge", lambda: serving.poll() is None)
    finally:
        serving.terminate()
        serving.stderr.close()
        serving.wait(SECONDS)


def test_python_follows_the_same_job(cloud: Cloud, job: str) -> None:
    environment = {"STATUSBEAM_STATE_DIR": str(cloud.state.root), "XDG_CONFIG_HOME": str(cloud.state.root)}
    following = follow(job, deployment=connect(Flags(local=True), environment))
    sequences = [update.sequence for update in following]
    assert sequences == list(range(1, len(sequences) + 1))
    assert following.recovered
    assert following.job["overallStatus"] == "completed"


def test_the_bridge_conforms_to_what_the_kit_asks_of_any_server(terminal: Terminal, cloud: Cloud) -> None:
    report = terminal.json("conformance", cloud.outputs.bridge_url, "--dialect", "sse", "--timeout", "60")
    assert report


def test_every_command_is_called_here() -> None:
    calls = (node for node in ast.walk(ast.parse(Path(__file__).read_text())) if isinstance(node, ast.Call))
    called = {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in ("call", "json", "start")
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }
    assert {registered.name for registered in COMMANDS} - called == set()
