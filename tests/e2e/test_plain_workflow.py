"""A workflow of Lambda functions without Statusbeam reports each step, and works unchanged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.bare_emulator import emulator_process
from tests.e2e.cloud import Cloud, Update, fresh_id
from tests.e2e.plain_workflow import TENANT_ID, Definition, Workflows, run

Entry = tuple[str, str | None, int | None, str]
TENANT = {"userId": "plain-user", "tenantId": TENANT_ID}
STARTED: list[Entry] = [("loading_agents", None, 1, "The workflow has started.")]
CHECKED: list[Entry] = [
    ("agent_invoking", "Check Agent", 1, "Check Agent started"),
    ("agent_complete", "Check Agent", 1, "Check Agent finished"),
] * 2
ENDED: list[Entry] = [
    ("agent_invoking", "Route Agent", 1, "Route Agent started"),
    ("agent_complete", "Route Agent", 1, "Route Agent finished"),
    ("complete", None, 1, "Route was last"),
]


@pytest.fixture(scope="module")
def workflows(cloud: Cloud) -> Workflows:
    return Workflows(cloud)


@pytest.fixture(scope="module")
def reporting(workflows: Workflows) -> Definition:
    return workflows.reporting()


def job(**trouble: str) -> dict[str, Any]:
    orders: list[dict[str, Any]] = [
        {"orderId": name, "done": [], "trouble": {}, "orders": []} for name in ("A 1", "B 2")
    ]
    return {"jobId": fresh_id("plain"), **TENANT, "orders": orders, "done": [], "trouble": trouble}


def entries(log: list[Update]) -> list[Entry]:
    return [
        (
            update["status"],
            update.get("agentName"),
            int(update["attempt"]) if "attempt" in update else None,
            update["message"],
        )
        for update in log
    ]


def geo(status: str, attempt: int, message: str) -> Entry:
    return (f"agent_{status}", "Geo Agent", attempt, f"Geo Agent {message}")


def test_every_step_and_every_item_is_reported_and_nothing_else_changes(
    workflows: Workflows, reporting: Definition
) -> None:
    content = job()
    ended = workflows.run(reporting, content)
    assert ended == workflows.run(workflows.plain(), content)
    assert ended.status == "SUCCEEDED"
    expected = [*STARTED, geo("invoking", 1, "started"), geo("complete", 1, "finished"), *CHECKED, *ENDED]
    log = workflows.log(content["jobId"], len(expected))
    assert entries(log) == expected
    starts = [update["invocationId"] for update in log if update["status"] == "agent_invoking"]
    ends = [update["invocationId"] for update in log if update["status"] == "agent_complete"]
    assert starts == ends
    assert len(set(starts)) == 4
    planned = json.loads(log[0]["metadata"])["plan"]
    assert [(step["name"], step["invocationId"] in starts) for step in planned] == [
        ("Geo Agent", True),
        ("Route Agent", True),
    ]


def test_a_step_that_fails_once_and_is_retried_is_reported_with_both_attempts(
    workflows: Workflows, reporting: Definition, tmp_path: Path
) -> None:
    content = job(Locate="once", marker=str(tmp_path / "failed"))
    ended = workflows.run(reporting, content)
    assert ended.status == "SUCCEEDED"
    expected = [
        *STARTED,
        geo("invoking", 1, "started"),
        geo("error", 1, "failed"),
        geo("invoking", 2, "started again"),
        geo("complete", 2, "finished"),
        *CHECKED,
        *ENDED,
    ]
    log = workflows.log(content["jobId"], len(expected))
    assert entries(log) == expected
    assert len({update["invocationId"] for update in log if update.get("agentName") == "Geo Agent"}) == 1


def test_a_step_that_fails_for_good_ends_the_job_with_the_error_it_ended_with_before(
    workflows: Workflows, reporting: Definition
) -> None:
    content = job(Locate="always")
    ended = workflows.run(reporting, content)
    before = workflows.run(workflows.plain(), content)
    assert (ended, ended.status) == (before, "FAILED")
    assert "secret" in (ended.cause or "")
    expected = [
        *STARTED,
        geo("invoking", 1, "started"),
        geo("error", 1, "failed"),
        geo("invoking", 2, "started again"),
        geo("error", 2, "failed"),
        ("error", None, 1, "The workflow failed: one of its steps failed."),
    ]
    log = workflows.log(content["jobId"], len(expected))
    assert entries(log) == expected
    assert "secret" not in json.dumps(log)


def test_the_callers_own_catch_gets_the_error_and_the_input(workflows: Workflows) -> None:
    content = job(Locate="always")
    ended = workflows.run(workflows.catching(), content)
    before = workflows.run(workflows.plain(), content)
    assert ended.status == "SUCCEEDED"
    assert ended.output == {**content, "problem": {"Error": before.error, "Cause": before.cause}}
    log = workflows.log(content["jobId"], 2)
    assert entries(log) == [geo("invoking", 1, "started"), geo("error", 1, "failed")]


def test_an_agent_within_an_agent_is_below_its_run_for_the_same_item(workflows: Workflows) -> None:
    content = job()
    assert workflows.run(workflows.nested(), content).status == "SUCCEEDED"
    log = workflows.log(content["jobId"], 8)
    starts = [update for update in log if update["status"] == "agent_invoking"]
    assert [update["agentName"] for update in starts] == ["Check Agent", "Rule Agent"] * 2
    assert len({update["invocationId"] for update in log}) == 4
    parents = [update.get("parentInvocationId") for update in starts]
    assert parents == [None, starts[0]["invocationId"], None, starts[2]["invocationId"]]


def test_a_workflow_whose_statuses_go_nowhere_works_as_before(
    workflows: Workflows, reporting: Definition
) -> None:
    content = job()
    nowhere = json.loads(json.dumps(reporting).replace(".fifo", "-gone.fifo"), object_hook=without_patience)
    assert workflows.run(nowhere, content) == workflows.run(workflows.plain(), content)
    assert workflows.log(content["jobId"], 0) == []


def without_patience(state: dict[str, Any]) -> dict[str, Any]:
    """The state without a checkpoint's retries, which only take time here."""
    reports = str(state.get("Resource", "")).endswith("sqs:sendMessage")
    return {name: value for name, value in state.items() if not (reports and name == "Retry")}


def test_the_emulators_parallel_state_skips_jsonata(tmp_path: Path) -> None:
    # When this fails after an upgrade, a workflow in JSONata can be run here as the others are.
    branch = {"StartAt": "In", "States": {"In": {"Type": "Pass", "End": True}}}
    scope = {"Type": "Parallel", "Branches": [branch], "Arguments": {"given": 1}, "Output": 2, "End": True}
    definition = {"QueryLanguage": "JSONata", "StartAt": "Scope", "States": {"Scope": scope}}
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    with emulator_process(tmp_path) as emulator:
        role = emulator.client("iam").create_role(
            RoleName="machine",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )
        states = emulator.client("stepfunctions")
        machine = states.create_state_machine(
            name="jsonata", definition=json.dumps(definition), roleArn=role["Role"]["Arn"]
        )["stateMachineArn"]
        ended = run(states, machine, {"a": 3})
    assert ended.output == [{"a": 3}]
