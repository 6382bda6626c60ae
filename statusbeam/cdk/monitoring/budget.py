"""A monthly budget: AWS Budgets notifies before the cost reaches it, and after."""

from __future__ import annotations

from typing import Final

from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from ..options import BudgetOptions

_NOTICES: Final = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
"""The compared cost (actual or forecast), and the percentage above which AWS Budgets notifies."""


class Budget(Construct):
    """Notifies `options.emails` and `topic`. Raises ValueError without both."""

    def __init__(
        self, scope: Construct, construct_id: str, *, options: BudgetOptions, topic: sns.Topic | None
    ) -> None:
        super().__init__(scope, construct_id)
        if not options.emails and topic is None:
            raise ValueError(
                "BudgetOptions needs emails, or the deployment needs alarms, whose topic is notified"
            )
        subscribers = [_subscriber("EMAIL", email) for email in options.emails]
        if topic is not None:
            topic.grant_publish(iam.ServicePrincipal("budgets.amazonaws.com"))
            subscribers.append(_subscriber("SNS", topic.topic_arn))
        budget = budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=options.monthly_dollars, unit="USD"),
                cost_filters=None
                if options.cost_tag is None
                else {"TagKeyValue": ["user:{}${}".format(*options.cost_tag)]},
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        comparison_operator="GREATER_THAN",
                        notification_type=kind,
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=subscribers,
                )
                for kind, percent in _NOTICES
            ],
        )
        if topic is not None:
            budget.node.add_dependency(topic)  # AWS Budgets checks that it may publish


def _subscriber(kind: str, address: str) -> budgets.CfnBudget.SubscriberProperty:
    return budgets.CfnBudget.SubscriberProperty(subscription_type=kind, address=address)
