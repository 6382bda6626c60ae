"""Upload of the page's files, and of config.json, whose content is known at deployment only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import DefaultStackSynthesizer, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as deployment
from constructs import Construct

from ..compliance import accept, accept_wildcard
from ..options import ResourceOptions
from .page_site import HASHED

_YEAR = Duration.days(365)
_UPLOADER = "StatusbeamPageUploader"
_QUALIFIER = DefaultStackSynthesizer.DEFAULT_QUALIFIER


class PageError(Exception):
    """The folder holds no page. Synth stops."""


class _Uploader(Construct):
    """Role and logs of the function that CDK creates once a stack, for the uploads of all pages in it."""

    def __init__(self, scope: Construct, construct_id: str, *, resources: ResourceOptions) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.logs = logs.LogGroup(
            self, "Logs", retention=resources.log_retention, removal_policy=resources.removal_policy
        )
        self.logs.grant_write(self.role)

    @classmethod
    def of(cls, stack: Stack, resources: ResourceOptions) -> _Uploader:
        """The uploader of a stack. The options of the first page count."""
        found = stack.node.try_find_child(_UPLOADER)
        return found if isinstance(found, cls) else cls(stack, _UPLOADER, resources=resources)


class PageUpload(Construct):
    """Uploads `folder`, and `config` as config.json, whenever either changes.

    Files with a hash in their name are uploaded first. No file is deleted: pages that are open still load
    the files they were built with.

    Raises PageError if `folder` holds no page.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        resources: ResourceOptions,
        files: s3.IBucket,
        folder: Path,
        config: Mapping[str, object],
    ) -> None:
        super().__init__(scope, construct_id)
        if not (folder / "index.html").is_file():
            raise PageError(f"{folder} holds no index.html: build the page with `make web`")
        self._files = files
        uploader = _Uploader.of(Stack.of(self), resources)
        self._role, self._logs = uploader.role, uploader.logs
        page = deployment.Source.asset(str(folder))
        hashed = self._upload(
            "Hashed",
            page,
            keep=[
                deployment.CacheControl.set_public(),
                deployment.CacheControl.max_age(_YEAR),
                deployment.CacheControl.immutable(),
            ],
            exclude=["*"],
            include=[HASHED],
        )
        rest = self._upload(
            "Rest",
            page,
            deployment.Source.json_data("config.json", dict(config)),
            keep=[deployment.CacheControl.no_store()],
            exclude=[HASHED],
        )
        rest.node.add_dependency(hashed)
        self._accept()

    def _upload(
        self,
        construct_id: str,
        *sources: deployment.ISource,
        keep: list[deployment.CacheControl],
        exclude: list[str],
        include: list[str] | None = None,
    ) -> deployment.BucketDeployment:
        return deployment.BucketDeployment(
            self,
            construct_id,
            destination_bucket=self._files,
            sources=list(sources),
            exclude=exclude,
            include=include,
            cache_control=keep,
            prune=False,
            role=self._role,
            log_group=self._logs,
        )

    def _accept(self) -> None:
        stack = Stack.of(self)
        staged = f"arn:{stack.partition}:s3:::cdk-{_QUALIFIER}-assets-{stack.account}-{stack.region}/*"
        for resource in (f"{self._files.bucket_arn}/*", staged):
            accept_wildcard(
                self._role, resource=resource, reason="Objects of one bucket, named by their content."
            )
        for action in ("Abort", "DeleteObject", "GetBucket", "GetObject", "List"):
            accept(
                self._role,
                rule=f"AwsSolutions-IAM5[Action::s3:{action}*]",
                reason="CDK grants its uploader so, on the page's bucket and that of CDK's assets.",
            )
        for uploader in stack.node.children:
            if uploader.node.id.startswith("Custom::CDKBucketDeployment"):
                reason = "CDK's own function: its runtime comes with the version of CDK."
                accept(uploader, rule="AwsSolutions-L1", reason=reason)
