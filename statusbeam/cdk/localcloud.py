"""A deployment to localcloud: `statusbeam local up` names its API in the context of the CDK app.

The emulator uses plain HTTP, loses its state at its end, and lacks some services. The constructs leave out
resources that it cannot create. An app needs no code for localcloud.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from aws_cdk import CfnOutput, RemovalPolicy, Stack
from constructs import Construct

from statusbeam.model.settings import (
    LOCALCLOUD_CLIENT_ID,
    LOCALCLOUD_CONTEXT,
    LOCALCLOUD_ISSUER,
    LOCALCLOUD_OUTPUT,
    USERNAME_CLAIM,
)

from .options import ApiOptions, NewUserPool, OidcProvider, ReaderOptions, ResourceOptions

_DEMO_READERS = NewUserPool(password_auth=True, mfa_required=False, user_claim=USERNAME_CLAIM)
"""localcloud creates its users itself, and its page signs in with their passwords. Their names are their ids,
so that people can type them: `user_id="ana"`."""


def local_api_url(scope: Construct) -> str | None:
    """The address of localcloud's API. None: the app is deployed to AWS."""
    found = scope.node.try_get_context(LOCALCLOUD_CONTEXT)
    return found if isinstance(found, str) else None


def resources_for(scope: Construct, resources: ResourceOptions) -> ResourceOptions:
    """The options of the API, for AWS or for localcloud."""
    if local_api_url(scope) is None:
        return resources
    return replace(
        resources,
        removal_policy=RemovalPolicy.DESTROY,
        key_arn=None,
        backup_days=None,
        access_logs=False,
        emulated=True,
    )


def local_api_options(options: ApiOptions, url: str) -> ApiOptions:
    """The options of an API that localcloud serves at `url`."""
    return replace(options, private_network=None, view_token_rotation_days=None, appsync_url_override=url)


def local_readers(scope: Construct) -> ReaderOptions:
    """The sign-in on localcloud: its own user pool, or the provider that the user names."""
    issuer, client_id = map(scope.node.try_get_context, (LOCALCLOUD_ISSUER, LOCALCLOUD_CLIENT_ID))
    return OidcProvider(issuer=issuer, client_ids=(client_id,)) if issuer and client_id else _DEMO_READERS


def add_local_output(scope: Construct, outputs: Mapping[str, str]) -> None:
    """One output with everything that localcloud reads. Its name differs for each deployment of an app."""
    value = Stack.of(scope).to_json_string(dict(outputs))
    output = CfnOutput(scope, "Localcloud", value=value)
    output.override_logical_id(f"{LOCALCLOUD_OUTPUT}{scope.node.addr[-8:]}")
