"""The CDK app. `cdk synth` synthesises all stages, `-c stage=local` one. README, "Deploy to AWS", has the
rest."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

from aws_cdk import App

from infra.example.model import ModelRegionError
from infra.stacks import add_stages
from statusbeam.assets import PAGE
from statusbeam.cdk.api.resolver_code import ResolverError
from statusbeam.cdk.page.page_upload import PageError

app = App()
page = app.node.try_get_context("page")
try:
    add_stages(
        app,
        only=app.node.try_get_context("stage"),
        region=app.node.try_get_context("region"),
        page=Path(page) if page else PAGE,
        today=dt.datetime.now(dt.UTC).date(),
    )
except (ModelRegionError, ResolverError) as problem:
    sys.exit(str(problem))
except PageError as problem:
    sys.exit(f"{problem}, or name another folder with -c page=<folder>")
app.synth()
