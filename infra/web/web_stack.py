"""The page's stack: its site, its files, and what it needs to know of the status stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import CfnOutput, Fn, Stack
from constructs import Construct

from statusbeam.cdk.page.page_site import PageSite
from statusbeam.cdk.page.page_upload import PageUpload
from statusbeam.cdk.stage import StageConfig, WebSite


@dataclass(frozen=True, slots=True, kw_only=True)
class PageConfig:
    """What the page is told. `sign_in` names the pool or provider, `sign_in_origin` is where it answers."""

    graphql_url: str
    realtime_url: str
    sign_in: Mapping[str, str]
    sign_in_origin: str

    def document(self, region: str) -> dict[str, str]:
        """config.json."""
        urls = {"graphqlUrl": self.graphql_url, "realtimeUrl": self.realtime_url}
        return {**urls, "region": region, **self.sign_in}

    def content_security_policy(self) -> str:
        """Own files only, nothing inline, and connections to the API and the sign-in alone."""
        api = f"https://{_host(self.graphql_url)} wss://{_host(self.realtime_url)}"
        return "; ".join(
            (
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                "img-src 'self'",
                "font-src 'self'",
                "manifest-src 'self'",
                f"connect-src 'self' {api} {self.sign_in_origin}",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
            )
        )


class WebStack(Stack):
    """The page in `folder`, on CloudFront. Raises WebError when there is none."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        site: WebSite,
        page: PageConfig,
        folder: Path,
    ) -> None:
        super().__init__(scope, construct_id, env=stage.environment, synthesizer=stage.synthesizer())
        served = PageSite(
            self, "Site", stage=stage, site=site, content_security_policy=page.content_security_policy()
        )
        PageUpload(
            self,
            "Upload",
            stage=stage,
            files=served.files,
            folder=folder,
            config=page.document(self.region),
        )
        CfnOutput(self, "OutputWebUrl", value=f"https://{served.name}").override_logical_id("WebUrl")


def _host(url: str) -> str:
    return Fn.select(2, Fn.split("/", url))
