"""AWS WAF before the API: the requests that it blocks and accepts."""

from __future__ import annotations

from typing import Any

import pytest

from statusbeam.model.settings import FIREWALL_PASS_HEADER
from tests.infra.synthesised import Stack
from tests.infra.variants import ORIGINS

ACL = "AWS::WAFv2::WebACL"
API = "AWS::AppSync::GraphQLApi"


def rules(stack: Stack) -> dict[str, dict[str, Any]]:
    return {rule["Name"]: rule for rule in stack.one(ACL).properties["Rules"]}


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


RULES = [("rate", "RateBasedStatement"), ("common", "ManagedRuleGroupStatement")]


@pytest.mark.parametrize(("rule", "kind"), RULES)
def test_only_who_shows_the_publishers_pass_is_let_pass(
    stacks: dict[str, Stack], rule: str, kind: str
) -> None:
    # The publisher's pushes carry people's words, and come from few addresses.
    stack = stacks["Prod-Status"]
    scope = rules(stack)[rule]["Statement"][kind]["ScopeDownStatement"]
    match = scope["NotStatement"]["Statement"]["ByteMatchStatement"]
    assert match["FieldToMatch"] == {"SingleHeader": {"Name": FIREWALL_PASS_HEADER}}
    assert match["PositionalConstraint"] == "EXACTLY"
    assert match["SearchString"] == the_pass(stack)
    publisher = stack.function("status_publisher.handler.handler").properties
    assert publisher["Environment"]["Variables"]["FIREWALL_PASS"] == match["SearchString"]


def the_pass(stack: Stack) -> Any:
    """A reference to the random secret, which CloudFormation follows at deployment."""
    secret = stack.one(
        "AWS::SecretsManager::Secret", Description="Lets the publisher's pushes pass WAF's rules"
    )
    assert secret.properties["GenerateSecretString"]["PasswordLength"] == 64
    return {"Fn::Join": ["", ["{{resolve:secretsmanager:", {"Ref": secret.name}, ":SecretString:::}}"]]}


def test_no_rule_looks_at_what_anybody_can_write(stacks: dict[str, Stack]) -> None:
    text = str(stacks["Prod-Status"].one(ACL).properties).lower()
    assert "authorization" not in text
    assert "aws4-hmac" not in text


def test_the_firewalls_log_has_no_credentials(guarded_stacks: dict[str, Stack]) -> None:
    stack = guarded_stacks["Dev-Status"]
    config = stack.one("AWS::WAFv2::LoggingConfiguration").properties
    acl = stack.one(ACL)
    assert config["ResourceArn"] == {"Fn::GetAtt": [acl.name, "Arn"]}
    redacted = config["RedactedFields"]
    # A socket's login is in its address.
    assert {"QueryString": {}} in redacted
    headers = {field["SingleHeader"]["Name"] for field in redacted if "SingleHeader" in field}
    assert headers == {"authorization", "x-api-key", "x-amz-security-token", FIREWALL_PASS_HEADER}
    ((group_name, group),) = [
        (r.name, r.properties)
        for r in stack.all("AWS::Logs::LogGroup")
        if str(r.properties.get("LogGroupName")).startswith("aws-waf-logs-")
    ]
    assert group["RetentionInDays"] == 90
    assert f"'Ref': '{group_name}'" in str(config["LogDestinationConfigs"])


def test_the_firewall_logs_nothing_unless_it_is_asked_to(stacks: dict[str, Stack]) -> None:
    assert stacks["Prod-Status"].all("AWS::WAFv2::LoggingConfiguration") == []


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
def test_other_stages_have_no_firewall(stacks: dict[str, Stack], name: str) -> None:
    assert stacks[name].all(ACL) == []
