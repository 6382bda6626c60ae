"""The canary on localcloud: a tick is a probe through queue, publisher and socket, and metrics in its log."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from statusbeam.cli.cost_model import PROBE_COMMITS
from statusbeam.model.job_key import JobKey
from statusbeam.model.settings import CANARY_TENANT
from tests.browser.fault_board import FaultBoard
from tests.e2e import cloud as local
from tests.e2e.broken_parts import changed_environment, stopped_publisher
from tests.e2e.cloud import Cloud
from tests.e2e.grants import without_grant
from tests.e2e.waiting import wait_for
from tests.e2e.written_logs import found_in_logs, written

APP = Path(__file__).with_name("canary_app.py")
EVERY_MINUTE = "cron(* * * * ? *)"


@dataclass(frozen=True)
class Canaried:
    """A localcloud whose deployment has a canary."""

    cloud: Cloud
    function: Mapping[str, Any]

    def invoke(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The answer of one invocation, and the metrics that it logged."""
        before = len(self.logged_metrics())
        answer = self.cloud.aws("lambda").invoke(FunctionName=self.function["FunctionArn"], Payload=b"{}")
        body = answer["Payload"].read()
        assert "FunctionError" not in answer, body
        after = wait_for("the probe's metrics", lambda: self.logged_metrics()[before:])
        return json.loads(body), after[-1]

    def log(self) -> str:
        """All that the canary has logged."""
        group = self.function["LoggingConfig"]["LogGroup"]
        return dict(written(self.cloud))[group]

    def logged_metrics(self) -> list[dict[str, Any]]:
        """The metrics of each probe so far, in the embedded metric format."""
        return [json.loads(line) for line in self.log().splitlines() if '"_aws"' in line]


@pytest.fixture(scope="module")
def canaried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canaried]:
    """A localcloud of its own, whose schedule waits until a test starts it."""
    folder = tmp_path_factory.mktemp("localcloud")
    try:
        cloud = local.up(folder, "--app", f"{sys.executable} {APP}")
        cloud.aws("events").disable_rule(Name=schedule(cloud))
        functions = cloud.aws("lambda").get_paginator("list_functions").paginate().search("Functions[]")
        (canary,) = [one for one in functions if one["Handler"] == "lambdas.canary.handler.handler"]
        yield Canaried(cloud, canary)
    finally:
        local.down(folder)


def schedule(cloud: Cloud) -> str:
    """The name of the rule with the canary's schedule."""
    rules = cloud.aws("events").list_rules()["Rules"]
    (name,) = [rule["Name"] for rule in rules if "ScheduleExpression" in rule]
    return str(name)


def test_a_probe_goes_all_the_way_and_its_measures_are_metrics(canaried: Canaried) -> None:
    document, metrics = canaried.invoke()
    assert document["finding"] is None, document
    probe = document["probe"]
    assert [probe[name] for name in ("sent", "committed", "pushed", "received", "lost")] == [5, 5, 5, 5, 0]
    log = canaried.cloud.log(JobKey(CANARY_TENANT, probe["jobId"]))
    assert [update["status"] for update in log] == ["loading_agents", *["validating"] * 5, "complete"]
    assert len(log) == PROBE_COMMITS
    assert (metrics["ProbeFailed"], metrics["ProbeLost"], metrics["ProbeDuplicates"]) == ([0], [0], [0])
    assert len(metrics["ProbeProducedToReceived"]) == 5
    assert max(metrics["ProbeProducedToReceived"]) == pytest.approx(
        probe["milliseconds"]["producedToReceived"]["p99"], abs=0.06
    )


def test_pushes_that_are_lost_fail_the_probe(canaried: Canaried) -> None:
    board = FaultBoard(canaried.cloud.outputs.graphql_url)
    try:
        board.switch(drop=1)
        document, metrics = canaried.invoke()
    finally:
        board.reset()
    assert document["finding"]["code"] == "no_pushes"
    assert (metrics["ProbeFailed"], metrics["ProbeLost"]) == ([1], [0])


def without_api(cloud: Cloud) -> AbstractContextManager[None]:
    """A publisher that does not know the API."""
    return changed_environment(cloud, {"APPSYNC_API_URL": None})


@pytest.mark.parametrize(
    ("breaks", "finding"),
    [
        (without_api, "publisher_setting"),
        # On AWS it is named `publisher_stopped`. The emulator's IAM takes the look at it for a change.
        (stopped_publisher, "publisher_throttled"),
    ],
)
def test_a_broken_publisher_fails_the_probe_and_is_named(
    canaried: Canaried, breaks: Callable[[Cloud], AbstractContextManager[None]], finding: str
) -> None:
    with breaks(canaried.cloud):
        document, metrics = canaried.invoke()
    assert document["finding"]["code"] == finding
    assert metrics["ProbeFailed"] == [1]
    assert "ProbeProducedToReceived" not in metrics
    assert f"{finding}: {document['finding']['problem']}" in canaried.log()


def test_a_canary_that_may_not_report_fails_its_probe(canaried: Canaried) -> None:
    arn = str(canaried.function["FunctionArn"])
    with without_grant(canaried.cloud, arn, "sqs:SendMessage"):
        document, metrics = canaried.invoke()
    assert (document["finding"]["code"], metrics["ProbeFailed"]) == ("send_denied", [1])


def test_its_schedule_probes_without_anybody(canaried: Canaried) -> None:
    events, before = canaried.cloud.aws("events"), len(canaried.logged_metrics())
    events.put_rule(Name=schedule(canaried.cloud), ScheduleExpression=EVERY_MINUTE, State="ENABLED")
    metrics = wait_for("a probe by the schedule", lambda: canaried.logged_metrics()[before:])
    assert metrics[0]["ProbeFailed"] == [0]


def test_no_credential_of_a_probe_is_in_a_log(canaried: Canaried) -> None:
    assert canaried.cloud.view_token_keys is not None  # from here on, the secret is one to look for
    assert found_in_logs(canaried.cloud) == []
    assert "sbv1." not in canaried.log()
