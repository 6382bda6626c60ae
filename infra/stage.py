"""One typed description per environment: all that differs between dev, prod and local is a field here."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Literal

from aws_cdk import (
    CliCredentialsStackSynthesizer,
    DefaultStackSynthesizer,
    Environment,
    IStackSynthesizer,
    RemovalPolicy,
)
from aws_cdk.aws_logs import RetentionDays

EMULATOR_ACCOUNT = "000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageConfig:
    """What an environment is like. `name` is part of stack names: it never changes for a deployed stage."""

    name: Literal["Dev", "Prod", "Local"]
    account: str | None = None
    """None: whatever account the credentials at deployment belong to."""
    region: str | None = None
    emulated: bool = False
    """Deployed with plain credentials to an emulator, without CDK's bootstrap roles."""
    removal_policy: RemovalPolicy
    log_retention: RetentionDays
    status_log_days: int = 7
    job_days: int = 90
    introspection: bool
    api_key_days: int | None = None
    """Lifetime of an API key; None, and there is none. Whoever has the key reads the tenant `public`."""
    password_auth: bool
    """Clients may send a password as it is (USER_PASSWORD_AUTH), for demos and tests; SRP is always on."""
    mfa_required: bool
    publisher_reserved_concurrency: int | None = None
    status_transport: Literal["queue", "invoke"] = "queue"
    """How code that reports statuses reaches the publisher. Asynchronous invokes keep no order."""
    publisher_tenant: str | None = None
    """The one tenant whose statuses the publisher takes; None: every tenant's."""
    redacted_fields: str | None = None
    """Fields that the publisher hides whatever they hold: `metadata.customer.email,metadata.*.phone`."""
    include_example: bool
    agent_tools: Literal["offline", "aws"] = "aws"
    agent_model_id: str = "amazon.nova-lite-v1:0"
    appsync_url_override: str | None = None
    """Where the publisher finds the API when it is not where CloudFormation says (the local data plane)."""

    @property
    def stored_data_is_kept(self) -> bool:
        """Whether deleting the stack leaves tables and users behind."""
        return self.removal_policy is RemovalPolicy.RETAIN

    @property
    def environment(self) -> Environment:
        """Where its stacks go."""
        return Environment(account=self.account, region=self.region)

    def synthesizer(self) -> IStackSynthesizer:
        """How its stacks are deployed; a new one each time, because a synthesizer belongs to one stack."""
        # An emulator that enforces IAM has no bootstrap roles to assume.
        return CliCredentialsStackSynthesizer() if self.emulated else DefaultStackSynthesizer()


DEV = StageConfig(
    name="Dev",
    removal_policy=RemovalPolicy.DESTROY,
    log_retention=RetentionDays.ONE_WEEK,
    introspection=True,
    password_auth=True,
    mfa_required=False,
    include_example=True,
)

PROD = StageConfig(
    name="Prod",
    removal_policy=RemovalPolicy.RETAIN,
    log_retention=RetentionDays.THREE_MONTHS,
    introspection=False,
    password_auth=False,
    mfa_required=True,
    publisher_reserved_concurrency=50,
    include_example=False,
)

LOCAL = StageConfig(
    name="Local",
    account=EMULATOR_ACCOUNT,
    region="us-east-1",
    emulated=True,
    removal_policy=RemovalPolicy.DESTROY,
    log_retention=RetentionDays.ONE_WEEK,
    introspection=True,
    api_key_days=30,
    password_auth=True,
    mfa_required=False,
    include_example=True,
    agent_tools="offline",
)


def stages(
    *, only: str | None = None, region: str | None = None, appsync_url_override: str | None = None
) -> tuple[StageConfig, ...]:
    """The environments to synthesise: all, or the one called `only` (any case).

    `region` moves the deployment; `appsync_url_override` counts for the local stage alone. Raises ValueError
    for a name that is none of ours.
    """
    known = {stage.name.lower(): stage for stage in (DEV, PROD, LOCAL)}
    if only is not None and only.lower() not in known:
        raise ValueError(f"stage must be one of {', '.join(known)}, not {only!r}")
    chosen = [known[only.lower()]] if only is not None else list(known.values())
    moved = [replace(stage, region=region or stage.region) for stage in chosen]
    return tuple(
        replace(stage, appsync_url_override=appsync_url_override) if stage.emulated else stage
        for stage in moved
    )


def api_key_expiry(stage: StageConfig, today: dt.date) -> dt.datetime | None:
    """When the stage's API key ends: counted from midnight, so that synth gives one template all day long."""
    if stage.api_key_days is None:
        return None
    midnight = dt.datetime.combine(today, dt.time(), tzinfo=dt.UTC)
    return midnight + dt.timedelta(days=stage.api_key_days)
