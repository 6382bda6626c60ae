"""The bridge on Lambda, by the Lambda Web Adapter: for protocols with one answer to each request."""

from __future__ import annotations

from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from statusbeam.model.settings import BridgeSettings

from ..compliance import accept
from ..encryption import customer_key
from ..options import ResourceOptions
from .any_bridge import function_image

_TIMEOUT: Final = Duration.seconds(60)  # `wait_for_job` of MCP takes up to 50 s
_MEMORY_MB: Final = 1_024
_ADAPTER: Final = {
    "AWS_LWA_PORT": "8080",
    "AWS_LWA_READINESS_CHECK_PATH": "/health",
    "AWS_LWA_INVOKE_MODE": "response_stream",
}


class BridgeFunction(Construct):
    """The image of the bridge as a function. `url` is public: the bridge authenticates every request."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: BridgeSettings,
        resources: ResourceOptions,
        image: lambda_.DockerImageCode | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(
            self,
            "Logs",
            retention=resources.log_retention,
            encryption_key=customer_key(self, resources),
            removal_policy=resources.removal_policy,
        )
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(self.role)
        function = lambda_.DockerImageFunction(
            self,
            "Function",
            code=image or function_image(),
            architecture=lambda_.Architecture.ARM_64,
            role=self.role,
            environment={**settings.to_env(), **_ADAPTER},
            timeout=_TIMEOUT,
            memory_size=_MEMORY_MB,
            log_group=log_group,
            tracing=lambda_.Tracing.ACTIVE,
        )
        accept(
            self.role,
            rule="AwsSolutions-IAM5[Resource::*]",
            reason="X-Ray's two Put actions support no resources.",
        )
        url = function.add_function_url(
            auth_type=lambda_.FunctionUrlAuthType.NONE, invoke_mode=lambda_.InvokeMode.RESPONSE_STREAM
        )
        self.url = url.url
