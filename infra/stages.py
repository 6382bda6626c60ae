"""The environments of this repository's own app: dev, prod, and local on the emulator.

Each difference between two of them is a field of `StageConfig`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Literal

from aws_cdk import Environment, RemovalPolicy
from aws_cdk.aws_logs import RetentionDays

from statusbeam.cdk.options import (
    ApiOptions,
    BudgetOptions,
    CanaryOptions,
    FirewallOptions,
    NewUserPool,
    NotificationOptions,
    PageOptions,
    PublishingOptions,
    ReaderOptions,
    ResourceOptions,
)

EMULATOR_ACCOUNT = "000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleOptions:
    """The civic-complaints workflow."""

    tools: Literal["offline", "aws"] = "aws"
    """`aws`: the agents ask Amazon Location and Bedrock. `offline`: they use the example's own data."""
    model_id: str = "amazon.nova-lite-v1:0"
    """The agents' model, by its inference profile in the stack's region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageConfig:
    """The configuration of an environment. `name` is part of stack names: it never changes for a deployed
    stage."""

    name: Literal["Dev", "Prod", "Local"]
    account: str | None = None
    """None: the account of the credentials at deployment."""
    region: str | None = None
    resources: ResourceOptions
    api: ApiOptions = ApiOptions()
    api_key_days: int | None = None
    """Lifetime of an API key; None: the API has no key. Each holder of the key reads the tenant `public`."""
    readers: ReaderOptions = NewUserPool()
    publishing: PublishingOptions = PublishingOptions()
    firewall: FirewallOptions | None = None
    alarms: bool = False
    """The CloudWatch alarms of docs/how-to/operations.md, and a topic for them."""
    dashboard: bool = False
    """A CloudWatch dashboard of the deployment."""
    canary: CanaryOptions | None = None
    """A function that probes the deployment on a schedule; None: no canary."""
    budget: BudgetOptions | None = None
    """The monthly budget, about which AWS Budgets notifies; None: no budget."""
    notifications: NotificationOptions | None = None
    """Webhooks, Slack and event buses that receive the events of jobs; None: no notifications."""
    page: PageOptions | None = None
    """The page on CloudFront; None: the app deploys no page."""
    example: ExampleOptions | None = None

    @property
    def environment(self) -> Environment:
        """The account and the region of its stacks."""
        return Environment(account=self.account, region=self.region)


_SHORT_LIVED = ResourceOptions(removal_policy=RemovalPolicy.DESTROY, log_retention=RetentionDays.ONE_WEEK)
_DEMO_READERS = NewUserPool(password_auth=True, mfa_required=False)

DEV = StageConfig(
    name="Dev",
    resources=_SHORT_LIVED,
    api=ApiOptions(introspection=True),
    readers=_DEMO_READERS,
    page=PageOptions(),
    example=ExampleOptions(),
)

PROD = StageConfig(
    name="Prod",
    resources=ResourceOptions(removal_policy=RemovalPolicy.RETAIN, log_retention=RetentionDays.THREE_MONTHS),
    publishing=PublishingOptions(reserved_concurrency=50),
    firewall=FirewallOptions(),
    alarms=True,
    dashboard=True,
    canary=CanaryOptions(),
    page=PageOptions(),
)

LOCAL = StageConfig(
    name="Local",
    account=EMULATOR_ACCOUNT,
    region="us-east-1",
    resources=_SHORT_LIVED,
    api=ApiOptions(introspection=True),
    api_key_days=30,
    readers=_DEMO_READERS,
    example=ExampleOptions(tools="offline"),
)


def stages(*, only: str | None = None, region: str | None = None) -> tuple[StageConfig, ...]:
    """The environments to synthesise: all, or the one called `only` (any case).

    `region` replaces each stage's own. Raises ValueError if no stage has the name.
    """
    known = {stage.name.lower(): stage for stage in (DEV, PROD, LOCAL)}
    if only is not None and only.lower() not in known:
        raise ValueError(f"stage must be one of {', '.join(known)}, not {only!r}")
    chosen = [known[only.lower()]] if only is not None else list(known.values())
    return tuple(replace(stage, region=region or stage.region) for stage in chosen)


def api_key_expiry(stage: StageConfig, today: dt.date) -> dt.datetime | None:
    """The API key's expiry. It counts from midnight, so that the template stays the same all day."""
    if stage.api_key_days is None:
        return None
    midnight = dt.datetime.combine(today, dt.time(), tzinfo=dt.UTC)
    return midnight + dt.timedelta(days=stage.api_key_days)
