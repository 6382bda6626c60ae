"""The dashboard and the budget of a deployment."""

from __future__ import annotations

import json
from typing import Any

import pytest

from statusbeam.cdk import BudgetOptions
from tests.infra.synthesised import Stack
from tests.infra.variants import TENANTS

DASHBOARD, BUDGET = "AWS::CloudWatch::Dashboard", "AWS::Budgets::Budget"


def widgets(stack: Stack) -> list[dict[str, Any]]:
    """The widgets of the dashboard, with each reference as a text `<name>`."""
    body = stack.one(DASHBOARD).properties["DashboardBody"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else f"<{reference(part)}>" for part in body)
    found = json.loads(text)["widgets"]
    assert isinstance(found, list)
    return found


def reference(part: dict[str, Any]) -> str:
    """The resource that a reference names."""
    ((kind, value),) = part.items()
    return str(value) if kind == "Ref" else str(value[0])


def shown(stack: Stack) -> set[tuple[str, str]]:
    """Namespace and name of every metric on the dashboard."""
    return {
        (metric[0], metric[1])
        for widget in widgets(stack)
        for metric in widget["properties"].get("metrics", [])
        if isinstance(metric[0], str)
    }


@pytest.mark.parametrize(
    ("namespace", "names"),
    [
        pytest.param("Statusbeam", ["StatusesCommitted", "StatusesRejected"], id="commits"),
        pytest.param("Statusbeam", ["Pushes", "PushesSuppressed", "PushesGivenUp"], id="pushes"),
        pytest.param("Statusbeam", ["PublishFailures"], id="failures"),
        pytest.param("Statusbeam", ["ProducedToCommitted", "CommittedToPushed"], id="latency"),
        pytest.param(
            "Statusbeam",
            ["ProbeProducedToReceived", "ProbeFailed", "ProbeLost", "ProbeDuplicates"],
            id="probes",
        ),
        pytest.param("AWS/AppSync", ["ActiveSubscriptions", "ActiveConnections"], id="live sessions"),
        pytest.param("AWS/AppSync", ["ConnectServerError", "5XXError"], id="AppSync's errors"),
        pytest.param("AWS/SQS", ["ApproximateAgeOfOldestMessage"], id="age of the queue"),
        pytest.param("AWS/SQS", ["ApproximateNumberOfMessagesVisible"], id="dead letters"),
        pytest.param("AWS/DynamoDB", ["ReadThrottleEvents", "WriteThrottleEvents"], id="tables"),
        pytest.param("AWS/Lambda", ["Throttles", "ConcurrentExecutions"], id="functions"),
    ],
)
def test_the_dashboard_shows(stacks: dict[str, Stack], namespace: str, names: list[str]) -> None:
    assert {(namespace, name) for name in names} <= shown(stacks["Prod-Status"])


def cost_of(stack: Stack) -> tuple[str, dict[str, list[Any]]]:
    """The expression of the cost, and its metrics by id."""
    (widget,) = [
        one for one in widgets(stack) if one["properties"].get("title") == "Dollars for 1,000 statuses"
    ]
    (expression, *metrics) = widget["properties"]["metrics"]
    return expression[0]["expression"], {metric[-1]["id"]: metric for metric in metrics}


def test_the_cost_of_a_thousand_statuses_counts_each_operation_at_its_price(stacks: dict[str, Stack]) -> None:
    expression, metrics = cost_of(stacks["Prod-Status"])
    hour = dict.fromkeys(metrics, 0.0)
    million = {"ConsumedWriteCapacityUnits": 1, "Pushes": 1, "Invocations": 1, "StatusesCommitted": 2}
    for name, millions in million.items():
        first = next(id_ for id_, metric in metrics.items() if metric[1] == name)
        hour[first] = millions * 1e6
    # One million of each at list price: 0.625 + 4 + 0.2 dollars, for two million statuses.
    assert evaluated(expression, hour) == pytest.approx(1000 * 4.825 / 2_000_000)


def evaluated(expression: str, values: dict[str, float]) -> float:
    """The result of CloudWatch's metric math for an hour's values."""
    functions = {"IF": lambda holds, value: value if holds else None, "FILL": lambda value, _: value}
    found = eval(expression, {"__builtins__": {}, **functions}, values)  # noqa: S307 - our own template
    assert isinstance(found, float)
    return found


def test_the_dashboard_has_the_publisher_of_each_tenant(guarded_stacks: dict[str, Stack]) -> None:
    stack = guarded_stacks["Dev-Status"]
    committed = {
        str(metric)
        for widget in widgets(stack)
        if widget["properties"].get("title") == "Statuses"
        for metric in widget["properties"]["metrics"]
        if metric[1] == "StatusesCommitted"
    }
    assert len(committed) == 1 + len(TENANTS)
    _, metrics = cost_of(stack)
    assert sum(metric[1] == "StatusesCommitted" for metric in metrics.values()) == 1 + len(TENANTS)


def test_the_dashboards_name_differs_by_stage_and_region(
    stacks: dict[str, Stack], guarded_stacks: dict[str, Stack]
) -> None:
    name = stacks["Prod-Status"].one(DASHBOARD).properties["DashboardName"]
    assert name == {"Fn::Join": ["", ["statusbeam-prod-", {"Ref": "AWS::Region"}]]}
    assert (
        guarded_stacks["Dev-Status"].one(DASHBOARD).properties["DashboardName"] == "statusbeam-dev-eu-west-1"
    )


def test_the_dashboard_adds_no_alarm_of_its_own(stacks: dict[str, Stack]) -> None:
    ours = [alarm.name for alarm in stacks["Prod-Status"].all("AWS::CloudWatch::Alarm")]
    assert all(name.startswith("Alarms") for name in ours)
    (status,) = [one for one in widgets(stacks["Prod-Status"]) if one["type"] == "alarm"]
    assert status["properties"]["alarms"] == [f"<{name}>" for name in ours]


@pytest.mark.parametrize("name", ["Dev-Status", "Local-Status"])
def test_other_stages_have_neither_dashboard_nor_budget(stacks: dict[str, Stack], name: str) -> None:
    assert [*stacks[name].all(DASHBOARD), *stacks[name].all(BUDGET)] == []


# the budget


def test_a_budget_writes_to_people_and_to_the_topic_before_and_after_it_is_spent(
    guarded_stacks: dict[str, Stack],
) -> None:
    stack = guarded_stacks["Dev-Status"]
    budget = stack.one(BUDGET).properties
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 200, "Unit": "USD"}
    assert budget["Budget"]["CostFilters"] == {"TagKeyValue": ["user:statusbeam:stage$Dev"]}
    topic = {"Ref": stack.one("AWS::SNS::Topic").name}
    notices = budget["NotificationsWithSubscribers"]
    assert [(n["Notification"]["NotificationType"], n["Notification"]["Threshold"]) for n in notices] == [
        ("ACTUAL", 80),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    ]
    for notice in notices:
        assert notice["Subscribers"] == [
            {"SubscriptionType": "EMAIL", "Address": "ops@example.com"},
            {"SubscriptionType": "SNS", "Address": topic},
        ]


def test_aws_budgets_may_publish_to_the_topic(guarded_stacks: dict[str, Stack]) -> None:
    policy = guarded_stacks["Dev-Status"].one("AWS::SNS::TopicPolicy").properties["PolicyDocument"]
    (allowed,) = [s for s in policy["Statement"] if "budgets.amazonaws.com" in str(s.get("Principal"))]
    assert (allowed["Effect"], allowed["Action"]) == ("Allow", "sns:Publish")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"monthly_dollars": 0}, "monthly_dollars"),
        ({"monthly_dollars": float("nan")}, "monthly_dollars"),
        ({"monthly_dollars": 1, "emails": "ops@example.com"}, "emails"),
        ({"monthly_dollars": 1, "emails": ("a@example.com",) * 11}, "emails"),
    ],
)
def test_a_budget_that_makes_no_sense_is_refused(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        BudgetOptions(**options)


def test_a_budget_that_writes_to_nobody_is_refused() -> None:
    from aws_cdk import App, Stack  # noqa: PLC0415 - starts Node, which only these tests need

    from statusbeam.cdk.monitoring.budget import Budget  # noqa: PLC0415 - the same

    with pytest.raises(ValueError, match="needs emails, or the deployment needs alarms"):
        Budget(Stack(App(), "Stack"), "Budget", options=BudgetOptions(monthly_dollars=1), topic=None)
