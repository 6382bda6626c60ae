"""The page in your own stack: its files on CloudFront, with the addresses of the API and the sign-in."""

from __future__ import annotations

from pathlib import Path

from constructs import Construct

from statusbeam.assets import PAGE

from ..options import PageOptions, ResourceOptions
from .page_config import PageConfig
from .page_site import PageSite
from .page_upload import PageUpload


class Page(Construct):
    """The page on CloudFront, served at `url`, in a stack of its own or in that of its `Statusbeam`.

        Page(self, "Page", name="status", config=status.page_config)

    `name` labels it in CloudFront's console. `folder` has a build of yours; by default it is Statusbeam's.
    Raises PageError if the folder holds no page.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        config: PageConfig,
        folder: Path = PAGE,
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
