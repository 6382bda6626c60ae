"""`statusbeam bridge`: serves a deployment's jobs in other protocols, from this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from ..options import TargetOptions
from ..parser import command
from ..plain_text import print_notice

if TYPE_CHECKING:
    from statusbeam.client.target import Target


def bridge(
    options: TargetOptions,
    *,
    host: Annotated[str, Option("--host", metavar="ADDRESS", help="address to listen on")] = "127.0.0.1",
    port: Annotated[
        int, Option("--port", min=0, max=65_535, metavar="PORT", help="port to listen on")
    ] = 8080,
    workflow: Annotated[
        list[str] | None,
        Option("--workflow", metavar="NAME=ARN", help="workflow that readers may start; can be repeated"),
    ] = None,
) -> int:
    """Serve the jobs of a deployment in other protocols: WebSocket, REST, AG-UI, MCP, A2A and more.

    It reads the tables with the AWS credentials of the profile. docs/reference/bridge.md has the addresses.
    """
    from statusbeam.bridge.server import main  # noqa: PLC0415 - loads what the bridge needs

    target = options.target()
    os.environ.update({**settings(target, workflow or ()).to_env(), **credentials(target)})
    print_notice(f"The bridge serves {target.choice.place.value} on http://{host}:{port}/.")
    return main(["--host", host, "--port", str(port)])


def settings(target: Target, workflows: Any) -> Any:
    """The bridge's settings, from the outputs. Raises ClientError."""
    from statusbeam.model.settings import (  # noqa: PLC0415 - --help does without
        OIDC_ROLES_CLAIM,
        TENANT_CLAIM,
        BridgeSettings,
    )

    outputs = target.outputs
    pool, issuer = outputs.get("UserPoolId"), outputs.get("OidcIssuer")
    keys_url = None
    if pool and target.endpoint_url:  # the issuer is an AWS URL, but the emulator serves the keys itself
        keys_url = f"{target.endpoint_url}/{pool}/.well-known/jwks.json"
    return BridgeSettings(
        status_table=target.output("StatusTable"),
        user_sessions_table=target.output("UserSessionsTable"),
        view_token_secret=outputs.get("ViewTokenSecretArn"),
        view_token_audience=outputs.get("ViewTokenAudience"),
        user_pool_id=pool,
        user_pool_client_ids=outputs.get("UserPoolClientId"),
        oidc_issuer=issuer,
        oidc_client_ids=outputs.get("OidcClientId"),
        user_claim=target.user_claim,
        tenant_claim=outputs.get("TenantClaim", TENANT_CLAIM) if issuer else None,
        roles_claim=outputs.get("RolesClaim", OIDC_ROLES_CLAIM) if issuer else None,
        issuer_keys_url=keys_url,
        bridge_origins="http://localhost:* http://127.0.0.1:*",
        bridge_workflows=" ".join(workflows) or None,
    )


def credentials(target: Target) -> dict[str, str]:
    """The variables that make the SDK use the target's credentials."""
    found = target.session.get_credentials()
    if found is None:
        return {}
    frozen = found.get_frozen_credentials()
    variables = {
        "AWS_ACCESS_KEY_ID": frozen.access_key,
        "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
        "AWS_SESSION_TOKEN": frozen.token,
        "AWS_DEFAULT_REGION": target.session.region_name,
        "AWS_ENDPOINT_URL": target.endpoint_url,
    }
    return {name: value for name, value in variables.items() if value}


COMMAND = command(
    bridge,
    examples=(
        "statusbeam bridge --local --port 8080",
        "statusbeam bridge --stack Dev-Status --profile work --region eu-west-1",
    ),
)
