"""Alarms: what raises them, and whom they notify."""

from __future__ import annotations

from typing import Any

import pytest

from statusbeam.model.settings import (
    FUNCTION_DIMENSION,
    METRICS_NAMESPACE,
    PUBLISHER_SERVICE,
    REFUSED_METRIC,
)
from tests.infra.synthesised import Resource, Stack


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


def test_alarms_tell_the_topic_when_they_begin_and_when_they_end(stacks: dict[str, Stack]) -> None:
    stack = stacks["Prod-Status"]
    topic = {"Ref": stack.one("AWS::SNS::Topic").name}
    for found in stack.all("AWS::CloudWatch::Alarm"):
        assert found.properties["AlarmActions"] == found.properties["OKActions"] == [topic]
        assert found.properties["TreatMissingData"] == "notBreaching"
    assert stack.outputs["AlarmTopicArn"]["Value"] == topic


def test_cloudwatch_may_use_the_topics_key(stacks: dict[str, Stack]) -> None:
    key = stacks["Prod-Status"].one("AWS::KMS::Key").properties
    cloudwatch = {"Service": "cloudwatch.amazonaws.com"}
    (allowed,) = [s for s in key["KeyPolicy"]["Statement"] if s["Principal"] == cloudwatch]
    assert allowed["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert key["EnableKeyRotation"] is True


def test_an_example_with_alarms_watches_the_events_that_got_lost(
    invoking_stacks: dict[str, Stack],
) -> None:
    example = invoking_stacks["Dev-Example"]
    found = example.all("AWS::CloudWatch::Alarm")
    assert {alarm.properties["MetricName"] for alarm in found} == {"ApproximateNumberOfMessagesVisible"}
    watched = [alarm.properties["Dimensions"][0]["Value"]["Fn::GetAtt"][0] for alarm in found]
    assert sorted(watched) == sorted(queue.name for queue in example.all("AWS::SQS::Queue"))


@pytest.mark.parametrize("name", ["Dev-Status", "Local-Status"])
def test_other_stages_have_no_alarms(stacks: dict[str, Stack], name: str) -> None:
    assert stacks[name].all("AWS::CloudWatch::Alarm") == []
