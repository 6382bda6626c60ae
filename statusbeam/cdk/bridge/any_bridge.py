"""The common parts of every bridge: its settings, its grants, its image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn

from statusbeam.model.settings import BridgeSettings, ResolverVariables
from statusbeam.model.settings import SessionsTable as SessionsNames

from ..bundling import LOG, build_bundle
from ..options import BridgeOptions
from ..statusbeam import Statusbeam

_DOCKERFILE: Final = "statusbeam/bridge/Dockerfile"
IN_IMAGE: Final = ("status_utils", *LOG, "statusbeam/bridge")
"""The sources in the container's image, with its Dockerfile among them."""


def bridge_settings(
    status: Statusbeam, machines: Mapping[str, sfn.IStateMachine], options: BridgeOptions
) -> BridgeSettings:
    """The settings of a bridge to `status`."""
    sign_in, claims, clients = status.sign_in, status.claims, " ".join(status.app_clients)
    return BridgeSettings(
        status_table=status.status_table.table.table_name,
        user_sessions_table=status.sessions_table.table.table_name,
        view_token_secret=status.view_tokens.secret_arn,
        view_token_audience=status.view_tokens.audience,
        user_pool_id=sign_in.get("UserPoolId"),
        user_pool_client_ids=clients if "UserPoolId" in sign_in else None,
        oidc_issuer=sign_in.get("OidcIssuer"),
        oidc_client_ids=clients if "OidcIssuer" in sign_in else None,
        user_claim=status.user_claim,
        tenant_claim=claims.get(ResolverVariables.TENANT_CLAIM),
        roles_claim=claims.get(ResolverVariables.ROLES_CLAIM),
        status_queue_url=status.publisher.queue.queue_url,
        bridge_streams=options.compute == "fargate",
        bridge_origins=" ".join(options.origins) or None,
        bridge_workflows=" ".join(f"{name}={machine.state_machine_arn}" for name, machine in machines.items())
        or None,
    )


def grant_bridge(role: iam.IRole, status: Statusbeam, machines: Mapping[str, sfn.IStateMachine]) -> None:
    """Grant reading jobs, ended logins, the backlog and the secret, storing tickets, and starting
    machines."""
    status.status_table.grant(role, "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query")
    status.status_table.grant_list(role)
    status.sessions_table.grant(role, "dynamodb:BatchGetItem")
    iam.Grant.add_to_principal(
        grantee=role,
        actions=["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"],
        resource_arns=[status.sessions_table.table.table_arn],
        conditions={
            "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [SessionsNames.TICKETS]},
            "Null": {"dynamodb:LeadingKeys": "false"},
        },
    )
    status.view_tokens.grant_read(role)
    iam.Grant.add_to_principal(
        grantee=role,
        actions=["sqs:GetQueueAttributes"],
        resource_arns=[status.publisher.queue.queue_arn],
    )
    for machine in machines.values():
        iam.Grant.add_to_principal(
            grantee=role, actions=["states:StartExecution"], resource_arns=[machine.state_machine_arn]
        )


def container_image() -> ecs.ContainerImage:
    """The image for Fargate."""
    return ecs.ContainerImage.from_asset(str(build_bundle(sources=IN_IMAGE).path), file=_DOCKERFILE)


def function_image() -> lambda_.DockerImageCode:
    """The same image for Lambda."""
    context = build_bundle(sources=IN_IMAGE).path
    return lambda_.DockerImageCode.from_image_asset(
        str(context), file=_DOCKERFILE, platform=ecr_assets.Platform.LINUX_ARM64
    )
