"""Alarms: their triggers, their topic, and their runbooks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import statusbeam.cdk
from statusbeam.model.settings import (
    FUNCTION_DIMENSION,
    METRICS_NAMESPACE,
    PROBE_FAILED_METRIC,
    PROBE_LATENCY_METRIC,
    PUBLISHER_SERVICE,
    REFUSED_METRIC,
)
from tests.infra.synthesised import ROOT, Resource, Stack
from tests.infra.test_statusbeam_construct import stack_with
from tests.infra.variants import TENANTS

if TYPE_CHECKING:
    from aws_cdk import Stack as CdkStack

RUNBOOKS = "docs/how-to/runbooks.md"
ALARM, COMPOSITE = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"


def alarm(stack: Stack, metric: str, dimension: dict[str, Any]) -> dict[str, Any]:
    found = [
        found.properties
        for found in stack.all("AWS::CloudWatch::Alarm")
        if found.properties["MetricName"] == metric and found.properties["Dimensions"] == [dimension]
    ]
    assert len(found) == 1, f"{len(found)} alarms on {metric}"
    return found[0]


def queues(stack: Stack) -> tuple[Resource, list[Resource]]:
    """The queue of statuses, and the dead-letter queues."""
    found = stack.all("AWS::SQS::Queue")
    (statuses,) = [queue for queue in found if "RedrivePolicy" in queue.properties]
    return statuses, [queue for queue in found if queue is not statuses]


def test_a_dead_letter_a_backlog_and_a_failing_publisher_raise_an_alarm(stacks: dict[str, Stack]) -> None:
    stack = stacks["Prod-Status"]
    statuses, dead = queues(stack)
    assert len(dead) == 2

    def named(queue: Resource) -> dict[str, Any]:
        return {"Name": "QueueName", "Value": {"Fn::GetAtt": [queue.name, "QueueName"]}}

    for queue in dead:
        one = alarm(stack, "ApproximateNumberOfMessagesVisible", named(queue))
        assert (one["Threshold"], one["EvaluationPeriods"]) == (0, 1)
    assert alarm(stack, "ApproximateAgeOfOldestMessage", named(statuses))["Threshold"] == 120
    publisher = stack.function("status_publisher.handler.handler")
    for metric in ("Errors", "Throttles"):
        alarm(stack, metric, {"Name": "FunctionName", "Value": {"Ref": publisher.name}})


def test_a_status_for_another_users_job_raises_an_alarm(stacks: dict[str, Stack]) -> None:
    stack = stacks["Prod-Status"]
    publisher = stack.function("status_publisher.handler.handler")
    (found,) = [
        found.properties
        for found in stack.all("AWS::CloudWatch::Alarm")
        if found.properties["MetricName"] == REFUSED_METRIC
    ]
    assert found["Namespace"] == METRICS_NAMESPACE
    assert sorted(found["Dimensions"], key=lambda dimension: dimension["Name"]) == [
        {"Name": FUNCTION_DIMENSION, "Value": {"Ref": publisher.name}},
        {"Name": "service", "Value": PUBLISHER_SERVICE},
    ]
    assert (found["Threshold"], found["EvaluationPeriods"], found["Statistic"]) == (0, 1, "Sum")


def test_alarms_notify_the_topic_when_they_begin_and_when_they_end(stacks: dict[str, Stack]) -> None:
    stack = stacks["Prod-Status"]
    topic = {"Ref": stack.one("AWS::SNS::Topic").name}
    for found in stack.all("AWS::CloudWatch::Alarm"):
        assert found.properties["AlarmActions"] == found.properties["OKActions"] == [topic]
        is_probe = found.properties["MetricName"] == PROBE_FAILED_METRIC
        assert found.properties["TreatMissingData"] == ("breaching" if is_probe else "notBreaching")
    assert stack.outputs["AlarmTopicArn"]["Value"] == topic


def test_cloudwatch_may_use_the_topics_key(stacks: dict[str, Stack]) -> None:
    key = stacks["Prod-Status"].one("AWS::KMS::Key").properties
    cloudwatch = {"Service": "cloudwatch.amazonaws.com"}
    (allowed,) = [s for s in key["KeyPolicy"]["Statement"] if s["Principal"] == cloudwatch]
    assert allowed["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert key["EnableKeyRotation"] is True


def on(stack: Stack, metric: str) -> list[str]:
    """The names of the resources whose metric of this name raises an alarm."""
    dimensions = [
        found.properties["Dimensions"]
        for found in stack.all(ALARM)
        if found.properties["MetricName"] == metric
    ]
    texts = [str(dimension["Value"]) for (dimension,) in dimensions]
    return sorted(r.name for r in stack.resources for text in texts if f"'{r.name}'" in text)


def test_an_example_with_alarms_watches_the_events_that_got_lost(
    invoking_stacks: dict[str, Stack],
) -> None:
    example = invoking_stacks["Dev-Example"]
    assert on(example, "ApproximateNumberOfMessagesVisible") == sorted(
        queue.name for queue in example.all("AWS::SQS::Queue")
    )


@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_every_function_of_ours_that_fails_or_is_throttled_raises_an_alarm(
    stacks: dict[str, Stack], invoking_stacks: dict[str, Stack], metric: str
) -> None:
    for stack, count in ((stacks["Prod-Status"], 7), (invoking_stacks["Dev-Example"], 3)):
        ours = [f for f in stack.all("AWS::Lambda::Function") if "lambdas." in str(f.properties["Handler"])]
        assert len(ours) == count
        assert on(stack, metric) == sorted(function.name for function in ours)


@pytest.mark.parametrize("metric", ["PushesGivenUp", "PublishFailures", "StatusesRejected"])
def test_a_publisher_that_gives_up_fails_or_rejects_raises_an_alarm(
    stacks: dict[str, Stack], metric: str
) -> None:
    (found,) = [
        f.properties for f in stacks["Prod-Status"].all(ALARM) if f.properties["MetricName"] == metric
    ]
    assert (found["Namespace"], found["Statistic"], found["Threshold"]) == (METRICS_NAMESPACE, "Sum", 0)
    publisher = stacks["Prod-Status"].function("status_publisher.handler.handler")
    assert {"Name": FUNCTION_DIMENSION, "Value": {"Ref": publisher.name}} in found["Dimensions"]


@pytest.mark.parametrize("metric", ["ReadThrottleEvents", "WriteThrottleEvents"])
def test_a_throttled_table_raises_an_alarm(stacks: dict[str, Stack], metric: str) -> None:
    stack = stacks["Prod-Status"]
    assert on(stack, metric) == sorted(table.name for table in stack.all("AWS::DynamoDB::Table"))


@pytest.mark.parametrize("metric", ["5XXError", "ConnectServerError", "SubscribeServerError"])
def test_an_api_that_fails_in_two_of_ten_minutes_raises_an_alarm(
    stacks: dict[str, Stack], metric: str
) -> None:
    stack = stacks["Prod-Status"]
    api = stack.one("AWS::AppSync::GraphQLApi")
    found = alarm(stack, metric, {"Name": "GraphQLAPIId", "Value": {"Fn::GetAtt": [api.name, "ApiId"]}})
    assert (found["Namespace"], found["Threshold"]) == ("AWS/AppSync", 0)
    assert (found["DatapointsToAlarm"], found["EvaluationPeriods"]) == (2, 10)


def test_two_probes_in_a_row_that_fail_or_do_not_run_raise_an_alarm(stacks: dict[str, Stack]) -> None:
    found = stacks["Prod-Status"].one(ALARM, MetricName=PROBE_FAILED_METRIC).properties
    assert (found["Namespace"], found["Statistic"], found["Threshold"]) == (METRICS_NAMESPACE, "Maximum", 0)
    assert (found["Period"], found["DatapointsToAlarm"], found["EvaluationPeriods"]) == (300, 2, 2)
    canary = stacks["Prod-Status"].function("canary.handler.handler")
    assert {"Name": FUNCTION_DIMENSION, "Value": {"Ref": canary.name}} in found["Dimensions"]
    assert {"Name": "service", "Value": "canary"} in found["Dimensions"]


@pytest.mark.parametrize(
    ("name", "seconds", "milliseconds"),
    [
        pytest.param("Prod-Status", 300, 2_000, id="by default"),
        pytest.param("guarded", 900, 750, id="as it is asked for"),
    ],
)
def test_a_p99_above_the_objective_in_two_of_three_probes_raises_an_alarm(
    stacks: dict[str, Stack],
    guarded_stacks: dict[str, Stack],
    name: str,
    seconds: int,
    milliseconds: int,
) -> None:
    stack = guarded_stacks["Dev-Status"] if name == "guarded" else stacks[name]
    found = stack.one(ALARM, MetricName=PROBE_LATENCY_METRIC).properties
    assert (found["ExtendedStatistic"], found["Threshold"], found["Period"]) == ("p99", milliseconds, seconds)
    assert (found["DatapointsToAlarm"], found["EvaluationPeriods"]) == (2, 3)
    assert "EvaluateLowSampleCountPercentile" not in found  # a probe is few values: they count


# the composite alarm


def members(composite: Resource) -> list[str]:
    """The alarms of which one is enough."""
    rule = composite.properties["AlarmRule"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else f"<{part['Ref']}>" for part in rule)
    parts = text.split(" OR ")
    assert all(re.fullmatch(r'ALARM\("<\w+>"\)', part) for part in parts), text
    return [part[8:-3] for part in parts]


def test_one_composite_alarm_begins_with_any_other(stacks: dict[str, Stack]) -> None:
    stack = stacks["Prod-Status"]
    composite = stack.one(COMPOSITE)
    assert sorted(members(composite)) == sorted(found.name for found in stack.all(ALARM))
    topic = {"Ref": stack.one("AWS::SNS::Topic").name}
    assert composite.properties["AlarmActions"] == composite.properties["OKActions"] == [topic]


def test_alarms_of_a_tenants_publisher_are_one_member_of_the_composite_alarm(
    guarded_stacks: dict[str, Stack],
) -> None:
    """A composite alarm holds a hundred others: with tenants' own, that is many tenants."""
    stack = guarded_stacks["Dev-Status"]
    composites = {found.name: members(found) for found in stack.all(COMPOSITE)}
    (whole,) = [name for name, parts in composites.items() if set(parts) & set(composites)]
    own = [name for name in composites if name != whole]
    assert len(own) == len(TENANTS)
    assert set(own) <= set(composites[whole])
    once = sorted(part for parts in composites.values() for part in parts if part not in composites)
    assert once == sorted(found.name for found in stack.all(ALARM))


# the runbooks


def headings() -> list[str]:
    return re.findall(r"^### (.+)$", (ROOT / RUNBOOKS).read_text(), re.MULTILINE)


def linked(*stacks: Stack) -> set[str]:
    """The sections that the alarms' descriptions link to."""
    found = [each for stack in stacks for kind in (ALARM, COMPOSITE) for each in stack.all(kind)]
    links = [each.properties["AlarmDescription"].split(" ")[-1] for each in found]
    assert links
    assert all(link.startswith(f"{RUNBOOKS}#") for link in links)
    return {link.split("#")[1] for link in links}


@pytest.fixture(scope="module")
def notifying(node_beside_the_interpreter: None, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A deployment with alarms and notifications."""

    def fill(stack: CdkStack) -> None:
        bus = "arn:aws:events:eu-west-1:123456789012:event-bus/jobs"
        channel = statusbeam.cdk.NotificationChannel(name="bus", kind="event_bridge", target=bus)
        status = statusbeam.cdk.Statusbeam(stack, "Status", alarms=True)
        options = statusbeam.cdk.NotificationOptions(channels=(channel,))
        statusbeam.cdk.StatusNotifications(stack, "Notifications", status=status, options=options)

    return stack_with(tmp_path_factory.mktemp("cdk.out"), fill)


def test_every_alarm_has_its_runbook_and_every_runbook_its_alarm(
    stacks: dict[str, Stack],
    invoking_stacks: dict[str, Stack],
    guarded_stacks: dict[str, Stack],
    notifying: Stack,
) -> None:
    every = [*stacks.values(), *invoking_stacks.values(), *guarded_stacks.values(), notifying]
    with_alarms = [stack for stack in every if stack.all(ALARM)]
    assert linked(*with_alarms) == {heading.lower() for heading in headings()}


def test_an_alarm_is_named_as_its_runbook_is(stacks: dict[str, Stack]) -> None:
    names = {heading.lower(): heading for heading in headings()}
    for found in stacks["Prod-Status"].all(ALARM):
        (section,) = linked_of(found)
        assert found.name.startswith(f"Alarms{names[section]}")


def linked_of(found: Resource) -> list[str]:
    return re.findall(r"#(\w+)$", found.properties["AlarmDescription"])


@pytest.mark.parametrize("part", ["Means", "Users see", "Do"])
def test_every_runbook_has_its_meaning_the_users_view_and_the_action(part: str) -> None:
    sections = (ROOT / RUNBOOKS).read_text().split("\n### ")[1:]
    assert [section.split("\n")[0] for section in sections if f"- **{part}:** " not in section] == []


def test_alarms_of_another_app_link_to_its_own_runbooks(tmp_path: Path) -> None:
    def fill(stack: CdkStack) -> None:
        from aws_cdk import aws_sqs as sqs  # noqa: PLC0415 - starts Node

        arn = "arn:aws:sqs:eu-west-1:123456789012:orders"
        watching = statusbeam.cdk.Alarms(stack, "Alarms", runbooks="https://wiki.example.com/runbooks")
        watching.dead_letters({"Orders": sqs.Queue.from_queue_arn(stack, "Orders", arn)})

    (found,) = stack_with(tmp_path, fill).all(ALARM)
    assert found.properties["AlarmDescription"].endswith(" https://wiki.example.com/runbooks#orders")


@pytest.mark.parametrize("name", ["Dev-Status", "Local-Status"])
def test_other_stages_have_no_alarms(stacks: dict[str, Stack], name: str) -> None:
    assert stacks[name].all("AWS::CloudWatch::Alarm") == []
