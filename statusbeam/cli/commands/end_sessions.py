"""`statusbeam end-sessions`: ends a user's sessions, with the operator's AWS credentials."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

from typer import Option

from ..command import CommandError, ExitCode
from ..options import TargetOptions
from ..parser import command
from ..plain_text import print_line

if TYPE_CHECKING:
    from statusbeam.client.target import Target

MUTATION = "mutation($input: EndSessionsInput!) { endSessions(input: $input) { userId tenantId } }"


def end_sessions(
    options: TargetOptions,
    user: Annotated[str, Option("--user", metavar="ID", help="id of the user, as statuses name it")],
    tenant: Annotated[str, Option("--tenant", metavar="ID", help="tenant of the user")],
) -> int:
    """Close a user's live subscriptions, and revoke all tokens issued to the user so far.

    The user can sign in again. To prevent that, first disable the user in the identity provider.
    Requires the permission appsync:GraphQL on the field Mutation.endSessions.
    """
    end(options.target(), user, tenant)
    print_line(f"Ended the sessions of {user} in {tenant}.")
    return 0


def end(target: Target, user: str, tenant: str) -> None:
    """Send the signed mutation. Raises ClientError, CommandError."""
    from botocore.auth import SigV4Auth  # noqa: PLC0415 - loads the AWS SDK
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415 - as above

    from statusbeam.client.api import data_of, post  # noqa: PLC0415 - as above

    url = target.output("GraphqlUrl")
    variables = {"input": {"userId": user, "tenantId": tenant}}
    body = json.dumps({"query": MUTATION, "variables": variables}).encode()
    credentials = target.session.get_credentials()
    if credentials is None or target.session.region_name is None:
        raise CommandError("the environment has no AWS credentials or no region.", ExitCode.NOT_ALLOWED)
    signed = AWSRequest(method="POST", url=url, data=body, headers={"content-type": "application/json"})
    SigV4Auth(credentials.get_frozen_credentials(), "appsync", target.session.region_name).add_auth(signed)
    data_of(post(url, body, dict(signed.headers.items())))


COMMAND = command(
    end_sessions, examples=("statusbeam end-sessions --stack Dev-Status --user ana --tenant acme",)
)
