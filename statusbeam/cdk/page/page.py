"""The page in your own stack: its files on CloudFront, told where the API and the sign-in are."""

from __future__ import annotations

from pathlib import Path

from constructs import Construct

from ..options import PageOptions, ResourceOptions
from .page_config import PageConfig
from .page_site import PageSite
from .page_upload import PageUpload


class Page(Construct):
    """The built page in `folder`, served at `url`. Raises PageError if the folder holds no page.

    Page(self, "Page", name="status", config=status.page_config, folder=Path("web/dashboard/dist"))

    `name` labels it in CloudFront's console.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        config: PageConfig,
        folder: Path,
        options: PageOptions = PageOptions(),
        resources: ResourceOptions = ResourceOptions(),
    ) -> None:
        super().__init__(scope, construct_id)
        site = PageSite(
            self,
            "Site",
            name=name,
            options=options,
            content_security_policy=config.content_security_policy(),
            removal_policy=resources.removal_policy,
        )
        PageUpload(
            self,
            "Upload",
            resources=resources,
            files=site.files,
            folder=folder,
            config={
                **config.document(),
                **({} if options.log_link is None else {"logLink": options.log_link}),
            },
        )
        self.url = f"https://{site.host}"
