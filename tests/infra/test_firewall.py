"""AWS WAF before the API: which requests it blocks, and which pass."""

from __future__ import annotations

from typing import Any

import pytest

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
def test_other_stages_have_no_firewall(stacks: dict[str, Stack], name: str) -> None:
    assert stacks[name].all(ACL) == []
