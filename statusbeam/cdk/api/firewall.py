"""AWS WAF before the API: a limit of requests for each address, and AWS's common rules.

The publisher's pushes bypass the rules: they come from few addresses, and a rule that takes a status's text
for an attack would lose a push. WAF cannot check a signature, and any caller can write a text that looks like
one. So the publisher shows a random pass instead, in a header. The pass opens WAF's rules only: AppSync still
checks the signature.
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from statusbeam.model.settings import FIREWALL_PASS_HEADER

from ..compliance import accept
from ..encryption import customer_key
from ..options import FirewallOptions, ResourceOptions

# A socket's URL carries the login, so it is longer than the rule allows. AppSync limits bodies itself.
_COUNTED_ONLY = ("SizeRestrictions_QUERYSTRING", "SizeRestrictions_BODY")
# A socket's address contains its login, so the firewall logs no query strings.
_CREDENTIALS = ("authorization", "x-api-key", "x-amz-security-token", FIREWALL_PASS_HEADER)

_Statement = wafv2.CfnWebACL.StatementProperty
_Rule = wafv2.CfnWebACL.RuleProperty


class ApiFirewall(Construct):
    """A web ACL in the API's region, associated with the API. The publisher shows it `publisher_pass`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        options: FirewallOptions,
        resources: ResourceOptions,
        name: str,
        api_arn: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self._resources = resources
        self.publisher_pass = self._pass()
        others = _not(_header(FIREWALL_PASS_HEADER, "EXACTLY", self.publisher_pass))
        rules = [_rate(options.requests_in_five_minutes, others), _common(others)]
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
        if options.logs:
            self._log(name, acl.attr_arn)

    def _pass(self) -> str:
        secret = secretsmanager.Secret(
            self,
            "Pass",
            description="Lets the publisher's pushes pass WAF's rules",
            encryption_key=customer_key(self, self._resources),
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=64, exclude_punctuation=True
            ),
            removal_policy=self._resources.removal_policy,
        )
        accept(
            secret,
            rule="AwsSolutions-SMG4",
            reason="The pass is no credential. WAF and the publisher get it at deployment.",
        )
        # CloudFormation puts it into the rules and the function; the template has a reference only.
        return secret.secret_value.unsafe_unwrap()

    def _log(self, name: str, acl_arn: str) -> None:
        group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"aws-waf-logs-{name}",  # WAF requires this prefix
            retention=self._resources.log_retention,
            encryption_key=customer_key(self, self._resources, "LogKey"),
            removal_policy=self._resources.removal_policy,
        )
        wafv2.CfnLoggingConfiguration(
            self,
            "LogConfiguration",
            resource_arn=acl_arn,
            log_destination_configs=[
                Stack.of(self).format_arn(
                    service="logs",
                    resource="log-group",
                    resource_name=group.log_group_name,
                    arn_format=ArnFormat.COLON_RESOURCE_NAME,
                )
            ],
            redacted_fields=[
                *(
                    wafv2.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": header})
                    for header in _CREDENTIALS
                ),
                wafv2.CfnLoggingConfiguration.FieldToMatchProperty(query_string={}),
            ],
        )


def _rate(requests: int, others: _Statement) -> tuple[str, _Statement]:
    statement = wafv2.CfnWebACL.RateBasedStatementProperty(
        aggregate_key_type="IP",
        limit=requests,
        evaluation_window_sec=300,
        scope_down_statement=others,
    )
    return "rate", _Statement(rate_based_statement=statement)


def _common(others: _Statement) -> tuple[str, _Statement]:
    count = wafv2.CfnWebACL.RuleActionProperty(count={})
    statement = wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
        vendor_name="AWS",
        name="AWSManagedRulesCommonRuleSet",
        rule_action_overrides=[
            wafv2.CfnWebACL.RuleActionOverrideProperty(name=name, action_to_use=count)
            for name in _COUNTED_ONLY
        ],
        scope_down_statement=others,
    )
    return "common", _Statement(managed_rule_group_statement=statement)


def _origins(allowed: Sequence[str]) -> tuple[str, _Statement]:
    """Matches pages of other origins. Clients that are not pages send no `Origin`."""
    known = [_header("origin", "EXACTLY", origin) for origin in allowed]
    # OR needs at least two statements
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
