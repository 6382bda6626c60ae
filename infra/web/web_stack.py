"""The page's stack. It is separate, so that a page can be deployed without touching the API."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from infra.stages import StageConfig
from statusbeam.cdk.options import PageOptions
from statusbeam.cdk.page.page import Page
from statusbeam.cdk.page.page_config import PageConfig


class WebStack(Stack):
    """The page in `folder`, on CloudFront. Raises PageError if the folder holds no page."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        options: PageOptions,
        config: PageConfig,
        folder: Path,
    ) -> None:
        super().__init__(scope, construct_id, env=stage.environment)
        page = Page(
            self,
            "Default",  # CDK leaves this id out of the logical ids
            name=stage.name,
            config=config,
            folder=folder,
            options=options,
            resources=stage.resources,
        )
        CfnOutput(self, "OutputWebUrl", value=page.url).override_logical_id("WebUrl")
