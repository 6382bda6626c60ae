"""watch, wait, show, updates, replay, export and jobs: their output, and their exit codes."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from statusbeam.cli.command import ExitCode
from statusbeam.cli.commands.replay import pauses
from statusbeam.cli.main import main
from statusbeam.cli.options import UserOptions
from statusbeam.client.errors import (
    ClientError,
    NotFoundError,
    RefusedError,
    TargetError,
    UnreachableError,
)
from tests.unit.statusbeam.cli.fake_deployment import FakeDeployment, agent_statuses, deploy, statuses_of

DONE = statuses_of("loading_agents", "progress", "complete")
FAILED = statuses_of("loading_agents", "error")
CANCELLED = statuses_of("loading_agents", "cancelled")
RUNNING = statuses_of("loading_agents", "progress")
HOSTILE = "a\x1b[2J\nforged 9 complete\u202e[red]x[/red]\x9b31m"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a call."""
    code = main(list(arguments))
    shown = capsys.readouterr()
    return code, shown.out, shown.err


CODES = [
    pytest.param(["watch", "done"], 0, id="0: the job completed"),
    pytest.param(["watch", "failed"], 1, id="1: it failed"),
    pytest.param(["watch", "cancelled"], 1, id="1: it was cancelled"),
    pytest.param(["watch", "done", "failed"], 1, id="1: one of them failed"),
    pytest.param(["watch", "running", "--timeout", "0.05"], 124, id="124: timeout"),
    pytest.param(["watch", "agent", "--until", "Geo Agent"], 0, id="0: the agent succeeded"),
    pytest.param(["watch", "broken", "--until", "job-1-geo"], 1, id="1: the agent failed"),
    pytest.param(["watch", "done", "--until", "Nobody"], 5, id="5: there was no such agent"),
    pytest.param(["wait", "done"], 0, id="0: as waited for"),
    pytest.param(["wait", "failed"], 1, id="1: otherwise than waited for"),
    pytest.param(["wait", "failed", "--for", "failed"], 0, id="0: failed as waited for"),
    pytest.param(["wait", "done", "--for", "failed"], 1, id="1: completed, but failed was waited for"),
    pytest.param(["wait", "cancelled", "--for", "any"], 0, id="0: any end"),
    pytest.param(["wait", "running", "--timeout", "0.05"], 124, id="124: no end in time"),
    pytest.param(["show", "done"], 0, id="0: shown"),
    pytest.param(["show", "nothing"], 5, id="5: no such job"),
    pytest.param(["show", "done", "--at", "9"], 5, id="5: no such status"),
    pytest.param(["updates", "nothing"], 5, id="5: no log"),
    pytest.param(["updates", "failed", "--follow"], 1, id="1: followed to a failure"),
    pytest.param(["replay", "nothing"], 5, id="5: nothing to play"),
    pytest.param(["export", "nothing"], 5, id="5: nothing to export"),
]


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> FakeDeployment:
    jobs: dict[str, list[dict[str, Any]]] = {
        "done": DONE,
        "failed": FAILED,
        "cancelled": CANCELLED,
        "running": RUNNING,
        "agent": list(agent_statuses()),
        "broken": list(agent_statuses("agent_error")),
    }
    return deploy(monkeypatch, FakeDeployment(jobs))


@pytest.mark.parametrize(("arguments", "code"), CODES)
def test_the_exit_code_shows_the_result(
    deployment: FakeDeployment, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int
) -> None:
    assert run(capsys, *arguments)[0] == code


@pytest.mark.parametrize(
    "arguments",
    [["watch", "done"], ["wait", "done"], ["updates", "done"], ["replay", "done"], ["export", "done"]],
    ids=" ".join,
)
def test_a_gap_is_reported_and_ends_a_strict_call_with_3(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    deploy(monkeypatch, FakeDeployment({"done": DONE}, lost=1, is_live=False))
    code, out, err = run(capsys, *arguments)
    assert (code, "statuses of done are missing" in err) == (0, True)
    assert out
    assert run(capsys, *arguments, "--strict")[0] == 3


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TargetError("two targets"), ExitCode.WRONG_CALL),
        (RefusedError("no"), ExitCode.NOT_ALLOWED),
        (NotFoundError("no such stack"), ExitCode.NOT_FOUND),
        (UnreachableError("no answer"), ExitCode.OUT_OF_REACH),
        (ClientError("a bad request"), ExitCode.JOB_FAILED),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_commands_error_is_one_sentence_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: ExitCode
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(UserOptions, "deployment", fail)
    ended, out, err = run(capsys, "jobs")
    assert (ended, out) == (code, "")
    assert err == ("" if isinstance(error, KeyboardInterrupt) else f"statusbeam: {error}\n")


def test_a_pipe_gets_one_line_a_status(
    deployment: FakeDeployment, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, err = run(capsys, "watch", "done")
    assert out.splitlines() == [
        "1 loading_agents Orchestrator status 1",
        "2 progress Orchestrator status 2",
        "3 complete Orchestrator status 3",
    ]
    assert err == ""
    assert deployment.services["done"].is_closed


def test_lines_of_several_jobs_name_their_job(
    deployment: FakeDeployment, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = run(capsys, "watch", "done", "failed")[1].splitlines()
    assert [line for line in lines if line.startswith("failed ")] == [
        "failed 1 loading_agents Orchestrator status 1",
        "failed 2 error Orchestrator status 2",
    ]


def test_watch_begins_at_the_given_status(
    deployment: FakeDeployment, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.is_live = False
    assert run(capsys, "watch", "done", "--from", "3")[1] == "3 complete Orchestrator status 3\n"


def parsed(text: str, output: str) -> Any:
    """The documents on stdout."""
    if output == "jsonl":
        return [json.loads(line) for line in text.splitlines()]
    return json.loads(text) if output == "json" else yaml.safe_load(text)


@pytest.mark.parametrize("output", ["json", "jsonl", "yaml"])
@pytest.mark.parametrize(
    "arguments", [["watch", "done"], ["updates", "done"], ["jobs"]], ids=lambda arguments: arguments[0]
)
def test_lists_are_documents_in_each_format(
    deployment: FakeDeployment, capsys: pytest.CaptureFixture[str], arguments: list[str], output: str
) -> None:
    code, out, err = run(capsys, *arguments, "--output", output)
    documents = parsed(out, output)
    assert (code, err) == (0, "")
    expected = list(deployment.statuses) if arguments == ["jobs"] else ["done"] * 3
    assert [document["jobId"] for document in documents] == expected


@pytest.mark.parametrize("output", ["json", "jsonl", "yaml"])
@pytest.mark.parametrize("command", ["show", "wait"])
def test_a_job_is_one_document_in_each_format(
    deployment: FakeDeployment, capsys: pytest.CaptureFixture[str], command: str, output: str
) -> None:
    out = run(capsys, command, "done", "-o", output)[1]
    document = parsed(out, output)
    document = document[0] if output == "jsonl" else document
    assert (document["jobId"], document["overallStatus"]) == ("done", "completed")


@pytest.mark.parametrize("output", ["json", "jsonl", "yaml"])
def test_an_empty_list_is_one_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    deploy(monkeypatch, FakeDeployment({}))
    assert parsed(run(capsys, "jobs", "--output", output)[1], output) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["watch", "evil"],
        ["watch", "evil", "evil"],
        *(["watch", "evil", "--output", output] for output in ("json", "jsonl", "yaml")),
        ["show", "evil"],
        *(["show", "evil", "--output", output] for output in ("json", "jsonl", "yaml")),
        ["jobs"],
        ["jobs", "--output", "yaml"],
        ["updates", "evil"],
        ["replay", "evil", "--speed", "1000"],
        ["wait", "evil"],
        ["export", "evil"],
        ["export", "evil", "--format", "cloudevents"],
        ["export", "evil", "--format", "otlp"],
    ],
    ids=" ".join,
)
def test_texts_of_others_neither_steer_the_terminal_nor_forge_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    texts = {"title": HOSTILE, "result": {HOSTILE: HOSTILE}, "workflow": "w"}
    metadata = json.dumps(texts)
    evil = {"message": HOSTILE, "toolName": None, "metadata": metadata}
    statuses = [{**status, **evil} for status in DONE]
    deploy(monkeypatch, FakeDeployment({"evil": statuses}))
    out = run(capsys, *arguments)[1]
    assert out
    unsafe = [character for character in out if character != "\n" and not character.isprintable()]
    assert unsafe == []
    assert not [line for line in out.splitlines() if line.startswith("forged")]


def test_a_terminal_shows_brackets_of_others_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console  # noqa: PLC0415 - this test only

    from statusbeam.cli.commands.jobs import table  # noqa: PLC0415 - as above

    deployment = FakeDeployment({"[red]evil[/red]": DONE})
    out = io.StringIO()
    Console(file=out, force_terminal=True, width=200).print(
        table(list(deployment.jobs(limit=9, status=None, workflow=None, since=None)))
    )
    assert "[red]evil[/red]" in out.getvalue()


def test_a_moment_of_the_past_is_shown_as_it_was(
    deployment: FakeDeployment, capsys: pytest.CaptureFixture[str]
) -> None:
    then = parsed(run(capsys, "show", "done", "--at", "2", "-o", "json")[1], "json")
    assert (then["overallStatus"], then["sequence"]) == ("processing", 2)


def test_jobs_passes_its_filters_on(deployment: FakeDeployment, capsys: pytest.CaptureFixture[str]) -> None:
    filters = [
        "--status",
        "failed",
        "--workflow",
        "w",
        "--since",
        "2026-11-20T10:00:00+02:00",
        "--limit",
        "2",
    ]
    assert len(run(capsys, "jobs", *filters)[1].splitlines()) == 2
    assert deployment.asked == {
        "limit": 2,
        "status": "failed",
        "workflow": "w",
        "since": "2026-11-20T08:00:00.000Z",
    }


def test_pauses_are_those_of_the_log_and_no_silence_is_long() -> None:
    assert pauses([0.0, 1.0, 3.0, 3000.0], at=1, speed=2) == [0.0, 0.5, 1.0, 5.0]
    assert pauses([0.0, 1.0, 3.0, 4.0], at=3, speed=1) == [0.0, 0.0, 2.0, 1.0]


def test_a_trace_has_the_job_as_its_root_and_agents_below_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outer = {"agentName": "Outer", "invocationId": "i-1"}
    inner = {"agentName": "Inner", "invocationId": "i-2", "parentInvocationId": "i-1"}
    usage = '{"tokenUsage": {"inputTokens": 5, "outputTokens": 2}}'
    statuses = [
        *statuses_of("loading_agents"),
        *statuses_of("agent_invoking", **outer),
        *statuses_of("agent_invoking", **inner),
        *statuses_of("agent_error", metadata=usage, **inner),
        *statuses_of("agent_complete", **outer),
        *statuses_of("complete"),
    ]
    numbered = [
        {
            **status,
            "sequence": number,
            "eventId": f"e-{number}",
            "timestamp": f"2026-11-20T09:30:0{number}.000Z",
        }
        for number, status in enumerate(statuses, start=1)
    ]
    deploy(monkeypatch, FakeDeployment({"job-1": numbered}))
    document = json.loads(run(capsys, "export", "job-1", "--format", "otlp")[1])
    root, *agents = document["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert {span["traceId"] for span in (root, *agents)} == {root["traceId"]}
    assert (len(root["traceId"]), len(root["spanId"])) == (32, 16)
    by_name = {span["name"]: span for span in agents}
    assert by_name["Outer"]["parentSpanId"] == root["spanId"]
    assert by_name["Inner"]["parentSpanId"] == by_name["Outer"]["spanId"]
    assert "parentSpanId" not in root
    assert (root["status"], by_name["Inner"]["status"]) == ({"code": 1}, {"code": 2})
    assert int(by_name["Inner"]["endTimeUnixNano"]) - int(by_name["Inner"]["startTimeUnixNano"]) == 10**9
    attributes = {each["key"]: each["value"] for each in by_name["Inner"]["attributes"]}
    assert attributes["gen_ai.usage.input_tokens"] == {"intValue": "5"}
    assert [event["name"] for event in by_name["Inner"]["events"]] == ["agent_invoking", "agent_error"]


def test_cloud_events_are_the_bridges(deployment: FakeDeployment, capsys: pytest.CaptureFixture[str]) -> None:
    lines = run(capsys, "export", "done", "--format", "cloudevents")[1].splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["specversion"] for event in events] == ["1.0"] * 3
    assert {event["source"] for event in events} == {"/tenants/acme/jobs/done/e1"}


def test_the_page_of_the_command_has_each_exit_code() -> None:
    page = (Path(__file__).parents[4] / "docs" / "reference" / "command.md").read_text()
    assert [code.value for code in ExitCode if f"| {code.value} |" not in page] == []
