"""AWS WAF before the API: a limit of requests for each address, and AWS's common rules.

Requests that IAM signed (the publisher's) pass. AppSync checks their signature, and a rule that takes a
status for an attack would lose its push. WAF sees only the header, which anybody can write. So a request
passes only if AppSync can accept it by its signature alone: sockets and requests with an API key never pass.
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from ..options import FirewallOptions

_SIGNED = "AWS4-HMAC-SHA256 "
# A socket's URL carries the login, so it is longer than the rule allows. AppSync limits bodies itself.
_COUNTED_ONLY = ("SizeRestrictions_QUERYSTRING", "SizeRestrictions_BODY")

_Statement = wafv2.CfnWebACL.StatementProperty
_Rule = wafv2.CfnWebACL.RuleProperty


class ApiFirewall(Construct):
    """A web ACL in the API's region, associated with the API."""

    def __init__(
        self, scope: Construct, construct_id: str, *, options: FirewallOptions, name: str, api_arn: str
    ) -> None:
        super().__init__(scope, construct_id)
        rules = [_rate(options.requests_in_five_minutes), _common()]
        if options.allowed_origins:
            rules.insert(0, _origins(options.allowed_origins))
        acl = wafv2.CfnWebACL(
            self,
            "Acl",
            scope="REGIONAL",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            rules=[
                _Rule(
                    name=rule_name,
                    priority=priority,
                    statement=statement,
                    visibility_config=_metric(f"{name}-{rule_name}"),
                    # The rules of a group have actions of their own; the others block.
                    **(
                        {"override_action": wafv2.CfnWebACL.OverrideActionProperty(none={})}
                        if statement.managed_rule_group_statement
                        else {"action": wafv2.CfnWebACL.RuleActionProperty(block={})}
                    ),
                )
                for priority, (rule_name, statement) in enumerate(rules)
            ],
            visibility_config=_metric(name),
        )
        wafv2.CfnWebACLAssociation(self, "Association", resource_arn=api_arn, web_acl_arn=acl.attr_arn)


def _rate(requests: int) -> tuple[str, _Statement]:
    statement = wafv2.CfnWebACL.RateBasedStatementProperty(
        aggregate_key_type="IP",
        limit=requests,
        evaluation_window_sec=300,
        scope_down_statement=_not(_signed_request()),
    )
    return "rate", _Statement(rate_based_statement=statement)


def _common() -> tuple[str, _Statement]:
    count = wafv2.CfnWebACL.RuleActionProperty(count={})
    statement = wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
        vendor_name="AWS",
        name="AWSManagedRulesCommonRuleSet",
        rule_action_overrides=[
            wafv2.CfnWebACL.RuleActionOverrideProperty(name=name, action_to_use=count)
            for name in _COUNTED_ONLY
        ],
        scope_down_statement=_not(_signed_request()),
    )
    return "common", _Statement(managed_rule_group_statement=statement)


def _signed_request() -> _Statement:
    """A request with an IAM signature, and without any other credential that AppSync accepts."""
    statements = [
        _header("authorization", "STARTS_WITH", _SIGNED),
        _not(_has("sec-websocket-key")),
        _not(_has("x-api-key")),
    ]
    return _Statement(and_statement=wafv2.CfnWebACL.AndStatementProperty(statements=statements))


def _origins(allowed: Sequence[str]) -> tuple[str, _Statement]:
    """Pages of other origins. Clients that are not pages send no origin."""
    known = [_header("origin", "EXACTLY", origin) for origin in allowed]
    # OR takes two statements at least.
    allowed_origin = (
        known[0]
        if len(known) == 1
        else _Statement(or_statement=wafv2.CfnWebACL.OrStatementProperty(statements=known))
    )
    both = wafv2.CfnWebACL.AndStatementProperty(statements=[_has("origin"), _not(allowed_origin)])
    return "origins", _Statement(and_statement=both)


def _has(header: str) -> _Statement:
    return _Statement(
        size_constraint_statement=wafv2.CfnWebACL.SizeConstraintStatementProperty(
            comparison_operator="GT",
            size=0,
            field_to_match=_field(header),
            text_transformations=_untransformed(),
        )
    )


def _not(statement: _Statement) -> _Statement:
    return _Statement(not_statement=wafv2.CfnWebACL.NotStatementProperty(statement=statement))


def _header(name: str, how: str, text: str) -> _Statement:
    return _Statement(
        byte_match_statement=wafv2.CfnWebACL.ByteMatchStatementProperty(
            field_to_match=_field(name),
            positional_constraint=how,
            search_string=text,
            text_transformations=_untransformed(),
        )
    )


def _field(header: str) -> wafv2.CfnWebACL.FieldToMatchProperty:
    return wafv2.CfnWebACL.FieldToMatchProperty(single_header={"Name": header})


def _untransformed() -> list[wafv2.CfnWebACL.TextTransformationProperty]:
    return [wafv2.CfnWebACL.TextTransformationProperty(priority=0, type="NONE")]


def _metric(metric: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=metric, sampled_requests_enabled=False
    )
