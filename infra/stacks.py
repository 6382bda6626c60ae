"""Which stacks a stage has."""

from __future__ import annotations

import datetime as dt

from aws_cdk import App, Stack, Tags

from infra.compliance import add_checks
from infra.example_stack import ExampleStack
from infra.stage import StageConfig, api_key_expiry, stages
from infra.status_route import status_route
from infra.status_stack import StatusStack


def add_stages(
    app: App,
    *,
    today: dt.date,
    only: str | None = None,
    region: str | None = None,
    appsync_url_override: str | None = None,
) -> None:
    """Fill `app` with the stacks of all stages, or of the stage called `only`.

    Raises ValueError for an unknown name, BundleError and ResolverError for parts that cannot be deployed.
    """
    for stage in stages(only=only, region=region, appsync_url_override=appsync_url_override):
        add_stage(app, stage, today=today)
    add_checks(app)


def add_stage(app: App, stage: StageConfig, *, today: dt.date) -> None:
    """The stacks of one stage."""
    prefix = f"Statusbeam-{stage.name}"  # stack names are for good: another name is another stack
    status = StatusStack(app, f"{prefix}-Status", stage=stage, api_key_expires=api_key_expiry(stage, today))
    stacks: list[Stack] = [status]
    if stage.include_example:
        publisher = status.publisher
        route = status_route(stage, publisher=publisher.function, queue=publisher.queue)
        stacks.append(ExampleStack(app, f"{prefix}-Example", stage=stage, route=route))
    for stack in stacks:
        Tags.of(stack).add("statusbeam:stage", stage.name)
