"""The construct behind every Python function: arm64, traced, with a log group and a role of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .bundling import LIBRARY, Bundle, build_bundle
from .compliance import accept
from .encryption import customer_key
from .options import PrivateNetwork, ResourceOptions

# the actions with which Lambda connects a function to a VPC
_NETWORK_INTERFACES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncDelivery:
    """How often and for how long Lambda retries an asynchronous invoke, and the queue of failed ones.

    None: no queue. That is for events that carry nothing.
    """

    retry_attempts: int
    max_event_age: Duration
    on_failure: sqs.IQueue | None = None


class PythonFunction(Construct):
    """A function with its log group and its role. Grants go to `role`; callers invoke `function`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bundle: Bundle,
        handler: str,
        environment: Mapping[str, str],
        resources: ResourceOptions,
        timeout: Duration,
        memory_mb: int = 256,
        layers: Sequence[lambda_.ILayerVersion] = (),
        reserved_concurrency: int | None = None,
        async_delivery: AsyncDelivery | None = None,
        network: PrivateNetwork | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        on_failure = async_delivery.on_failure if async_delivery else None
        log_group = logs.LogGroup(
            self,
            "Logs",
            retention=resources.log_retention,
            encryption_key=customer_key(self, resources),
            removal_policy=resources.removal_policy,
        )
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=resources.runtime,
            architecture=lambda_.Architecture.ARM_64,
            code=code_of(bundle),
            handler=handler,
            role=self.role,
            environment=dict(environment),
            timeout=timeout,
            memory_size=memory_mb,
            layers=list(layers),
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            tracing=lambda_.Tracing.ACTIVE,
            reserved_concurrent_executions=reserved_concurrency,
            retry_attempts=async_delivery.retry_attempts if async_delivery else None,
            max_event_age=async_delivery.max_event_age if async_delivery else None,
            on_failure=destinations.SqsDestination(on_failure) if on_failure else None,
        )
        accept(
            self.role,
            rule="AwsSolutions-IAM5[Resource::*]",
            reason="X-Ray's two Put actions and those on network interfaces support no resources.",
        )
        if network is not None:
            self._run_in(network)
        if resources.key_arn is not None and on_failure is not None:
            for action in ("kms:GenerateDataKey*", "kms:ReEncrypt*"):
                accept(
                    self.role,
                    rule=f"AwsSolutions-IAM5[Action::{action}]",
                    reason="The construct library grants the use of an encrypted queue with this action.",
                )

    def _run_in(self, network: PrivateNetwork) -> None:
        interfaces = iam.Grant.add_to_principal(
            grantee=self.role, actions=list(_NETWORK_INTERFACES), resource_arns=["*"]
        )
        resource = self.function.node.default_child
        if not isinstance(resource, lambda_.CfnFunction):
            raise TypeError(f"Function holds a {type(resource).__name__}")
        resource.vpc_config = lambda_.CfnFunction.VpcConfigProperty(
            subnet_ids=list(network.subnet_ids), security_group_ids=list(network.security_group_ids)
        )
        interfaces.apply_before(resource)


def grant_invoke(grantee: iam.IGrantable, function: lambda_.IFunction) -> None:
    """Allow invoking exactly this function."""
    # Its own grant_invoke would also grant every version and alias, as `:*`.
    iam.Grant.add_to_principal(
        grantee=grantee, actions=["lambda:InvokeFunction"], resource_arns=[function.function_arn]
    )


def code_of(bundle: Bundle) -> lambda_.AssetCode:
    """The bundle as an asset. Its name is the hash of its content, so every machine uploads the same key."""
    return lambda_.Code.from_asset(str(bundle.path), asset_hash=bundle.digest)


class LibraryLayer(lambda_.LayerVersion):
    """`status_utils` as a layer, for functions of any supported Python and of both architectures.

        agent = lambda_.Function(self, "Agent", layers=[LibraryLayer(self, "StatusUtils")], ...)

    Create one in each stack. A layer's ARN changes with its content, and CloudFormation refuses to change an
    export that another stack uses. Old versions stay when the content changes, because functions that other
    tools deploy may name them.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(
            scope,
            construct_id,
            code=code_of(build_bundle(sources=LIBRARY, prefix="python")),
            compatible_runtimes=[
                lambda_.Runtime.PYTHON_3_11,
                lambda_.Runtime.PYTHON_3_12,
                lambda_.Runtime.PYTHON_3_13,
                lambda_.Runtime.PYTHON_3_14,
            ],
            compatible_architectures=[lambda_.Architecture.ARM_64, lambda_.Architecture.X86_64],
            description="status_utils",
            removal_policy=RemovalPolicy.RETAIN,
        )
