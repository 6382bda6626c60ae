"""The stacks of each stage."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from aws_cdk import App, Stack, Tags

from infra.checks import add_checks
from infra.example.example_stack import ExampleStack
from infra.stages import StageConfig, api_key_expiry, stages
from infra.status.status_stack import StatusStack
from infra.web.web_stack import WebStack
from statusbeam.assets import PAGE


def add_stages(
    app: App,
    *,
    today: dt.date,
    only: str | None = None,
    region: str | None = None,
    page: Path = PAGE,
) -> None:
    """Add the stacks of all stages, or of the stage called `only`. `page` is the folder of the built page.

    Raises ValueError for an unknown name, and BundleError, ResolverError or PageError if a part cannot be
    built.
    """
    for stage in stages(only=only, region=region):
        add_stage(app, stage, today=today, page=page)
    add_checks(app)


def add_stage(app: App, stage: StageConfig, *, today: dt.date, page: Path = PAGE) -> None:
    """Add the stacks of one stage."""
    prefix = f"Statusbeam-{stage.name}"  # a new name would create a new stack
    expires = api_key_expiry(stage, today)
    base = StatusStack(app, f"{prefix}-Status", stage=stage, api_key_expires=expires)
    stacks: list[Stack] = [base]
    if stage.example is not None:
        example = ExampleStack(
            app, f"{prefix}-Example", stage=stage, options=stage.example, route=base.status.route
        )
        stacks.append(example)
    if stage.page is not None:
        config = base.status.page_config
        web = WebStack(app, f"{prefix}-Web", stage=stage, options=stage.page, config=config, folder=page)
        stacks.append(web)
    for stack in stacks:
        Tags.of(stack).add("statusbeam:stage", stage.name)
