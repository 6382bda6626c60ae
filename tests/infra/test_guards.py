"""What stands before the API, what watches it, and who signs readers in."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.infra.synthesised import Resource, Stack
from tests.infra.variants import ISSUER, ORIGINS, POOL

ACL = "AWS::WAFv2::WebACL"
API = "AWS::AppSync::GraphQLApi"


def rules(stack: Stack) -> dict[str, dict[str, Any]]:
    return {rule["Name"]: rule for rule in stack.one(ACL).properties["Rules"]}


# the firewall


def test_prods_api_is_behind_a_rate_and_awss_common_rules(stacks: dict[str, Stack]) -> None:
    stack = stacks["Prod-Status"]
    assert list(rules(stack)) == ["rate", "common"]
    association = stack.one("AWS::WAFv2::WebACLAssociation").properties
    assert association["ResourceArn"] == {"Fn::GetAtt": [stack.one(API).name, "Arn"]}
    assert stack.one(ACL).properties["Scope"] == "REGIONAL"
    rate = rules(stack)["rate"]
    assert rate["Action"] == {"Block": {}}
    assert rate["Statement"]["RateBasedStatement"]["Limit"] == 2_000
    group = rules(stack)["common"]["Statement"]["ManagedRuleGroupStatement"]
    assert (group["VendorName"], group["Name"]) == ("AWS", "AWSManagedRulesCommonRuleSet")


@pytest.mark.parametrize(
    ("rule", "kind"), [("rate", "RateBasedStatement"), ("common", "ManagedRuleGroupStatement")]
)
def test_what_iam_signed_passes_the_firewall(stacks: dict[str, Stack], rule: str, kind: str) -> None:
    # The publisher's pushes carry people's words, and come from few addresses.
    signed, *_ = passing(stacks, rule, kind)
    match = signed["ByteMatchStatement"]
    assert match["FieldToMatch"] == {"SingleHeader": {"Name": "authorization"}}
    assert (match["PositionalConstraint"], match["SearchString"]) == ("STARTS_WITH", "AWS4-HMAC-SHA256 ")


def passing(stacks: dict[str, Stack], rule: str, kind: str) -> list[dict[str, Any]]:
    """What must all be true of a request that a rule does not look at."""
    scope = rules(stacks["Prod-Status"])[rule]["Statement"][kind]["ScopeDownStatement"]
    found: list[dict[str, Any]] = scope["NotStatement"]["Statement"]["AndStatement"]["Statements"]
    return found


@pytest.mark.parametrize(
    ("rule", "kind"), [("rate", "RateBasedStatement"), ("common", "ManagedRuleGroupStatement")]
)
def test_what_only_looks_signed_passes_no_rule_with_another_login(
    stacks: dict[str, Stack], rule: str, kind: str
) -> None:
    _, *others = passing(stacks, rule, kind)
    absent = [other["NotStatement"]["Statement"]["SizeConstraintStatement"] for other in others]
    assert [(one["ComparisonOperator"], one["Size"]) for one in absent] == [("GT", 0)] * 2
    names = [one["FieldToMatch"]["SingleHeader"]["Name"] for one in absent]
    # A socket's login is in its address, so its Authorization header can say anything.
    assert names == ["sec-websocket-key", "x-api-key"]


def test_addresses_of_sockets_may_be_long_because_they_carry_the_login(stacks: dict[str, Stack]) -> None:
    group = rules(stacks["Prod-Status"])["common"]["Statement"]["ManagedRuleGroupStatement"]
    counted = {
        override["Name"] for override in group["RuleActionOverrides"] if "Count" in override["ActionToUse"]
    }
    assert "SizeRestrictions_QUERYSTRING" in counted


@pytest.mark.parametrize("many", [False, True])
def test_other_pages_can_be_kept_away(
    existing_pool_stacks: dict[str, Stack], other_provider_stacks: dict[str, Stack], many: bool
) -> None:
    stack = (other_provider_stacks if many else existing_pool_stacks)["Prod-Status"]
    from_a_page, unknown = rules(stack)["origins"]["Statement"]["AndStatement"]["Statements"]
    assert from_a_page["SizeConstraintStatement"]["ComparisonOperator"] == "GT"
    known = unknown["NotStatement"]["Statement"]
    matches = known["OrStatement"]["Statements"] if many else [known]
    found = tuple(match["ByteMatchStatement"]["SearchString"] for match in matches)
    assert found == (ORIGINS if many else ORIGINS[:1])


@pytest.mark.parametrize("name", ["Dev-Status", "Local-Status"])
def test_other_stages_have_neither_firewall_nor_alarms(stacks: dict[str, Stack], name: str) -> None:
    assert stacks[name].all(ACL) == stacks[name].all("AWS::CloudWatch::Alarm") == []


# alarms


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
    (found,) = invoking_stacks["Dev-Example"].all("AWS::CloudWatch::Alarm")
    assert found.properties["MetricName"] == "ApproximateNumberOfMessagesVisible"


# readers


def test_another_provider_takes_cognitos_place_everywhere(other_provider_stacks: dict[str, Stack]) -> None:
    status, web = other_provider_stacks["Prod-Status"], other_provider_stacks["Prod-Web"]
    api = status.one(API).properties
    assert api["AuthenticationType"] == "OPENID_CONNECT"
    assert api["OpenIDConnectConfig"] == {"Issuer": ISSUER, "ClientId": "page"}
    others = [provider["AuthenticationType"] for provider in api["AdditionalAuthenticationProviders"]]
    assert others == ["AWS_IAM", "AWS_LAMBDA"]
    schema = str(status.one("AWS::AppSync::GraphQLSchema").properties["Definition"])
    assert "@aws_oidc" in schema
    assert "@aws_cognito_user_pools" not in schema
    assert api["EnvironmentVariables"]["TENANT_CLAIM"] == "city"
    assert api["EnvironmentVariables"]["ROLES_CLAIM"] == "groups"
    assert not [r for r in status.resources if r.type.startswith("AWS::Cognito")]
    assert status.outputs["OidcIssuer"]["Value"] == ISSUER
    policy = str(web.one("AWS::CloudFront::ResponseHeadersPolicy").properties)
    assert re.search(r"https://login\.example\.com[;'\"]", policy)
    assert "cognito" not in policy


def test_a_user_pool_that_is_there_already_is_used_as_it_is(existing_pool_stacks: dict[str, Stack]) -> None:
    status = existing_pool_stacks["Prod-Status"]
    api = status.one(API).properties
    assert api["AuthenticationType"] == "AMAZON_COGNITO_USER_POOLS"
    assert api["UserPoolConfig"]["UserPoolId"] == POOL
    assert "TENANT_CLAIM" not in api["EnvironmentVariables"]
    assert not [r for r in status.resources if r.type.startswith("AWS::Cognito")]
    assert status.outputs["UserPoolId"]["Value"] == POOL
    assert status.outputs["UserPoolClientId"]["Value"] == "page"


@pytest.mark.parametrize(
    ("issuer", "client_id", "complaint"),
    [("http://login.example.com", "page", "https"), (ISSUER, "", "client_id")],
)
def test_a_provider_is_refused_that_would_let_anybody_in(issuer: str, client_id: str, complaint: str) -> None:
    from statusbeam.cdk import OidcProvider  # noqa: PLC0415 - starts Node

    with pytest.raises(ValueError, match=complaint):
        OidcProvider(issuer=issuer, client_id=client_id)
