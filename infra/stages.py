"""The environments of this repository's own app: dev, prod, and local on the emulator."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from aws_cdk import RemovalPolicy
from aws_cdk.aws_logs import RetentionDays

from statusbeam.cdk.stage import StageConfig, WebFirewall, WebSite

EMULATOR_ACCOUNT = "000000000000"

DEV = StageConfig(
    name="Dev",
    removal_policy=RemovalPolicy.DESTROY,
    log_retention=RetentionDays.ONE_WEEK,
    introspection=True,
    password_auth=True,
    mfa_required=False,
    include_example=True,
    web=WebSite(),
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
    firewall=WebFirewall(),
    web=WebSite(),
    alarms=True,
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
