"""`statusbeam end-sessions`: ends a user's sessions, with the operator's AWS credentials."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from .api_call import body_of, post
from .command import CommandError, Subcommands
from .plain_text import print_line
from .target import Target, add_target_flags, target

DESCRIPTION = (
    "Closes the user's live subscriptions and revokes all tokens that were issued to the user so far. "
    "The user can sign in again: to prevent that, first disable the user in the identity provider. "
    "Requires the permission appsync:GraphQL on the field Mutation.endSessions."
)
MUTATION = "mutation($input: EndSessionsInput!) { endSessions(input: $input) { userId tenantId } }"


def add_command(subcommands: Subcommands, environ: Mapping[str, str]) -> None:
    """Add `end-sessions`."""
    command = subcommands.add_parser(
        "end-sessions", help="end a user's live subscriptions and logins", description=DESCRIPTION
    )
    command.add_argument("--user", required=True, metavar="ID", help="id of the user; in Cognito the sub")
    command.add_argument("--tenant", required=True, metavar="ID", help="tenant of the user")
    add_target_flags(command, environ)
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """End the sessions; exit code 0. Raises CommandError."""
    variables = {"input": {"userId": arguments.user, "tenantId": arguments.tenant}}
    _post(target(arguments), body_of(MUTATION, variables))
    print_line(f"Ended the sessions of {arguments.user} in {arguments.tenant}.")
    return 0


def _post(chosen: Target, body: bytes) -> None:
    """Send a signed request. Raises CommandError."""
    from botocore.auth import SigV4Auth  # noqa: PLC0415 - loads the AWS SDK
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415

    url = chosen.output("GraphqlUrl")
    credentials = chosen.session.get_credentials()
    if credentials is None or chosen.session.region_name is None:
        raise CommandError("the environment has no AWS credentials or no region.")
    signed = AWSRequest(method="POST", url=url, data=body, headers={"content-type": "application/json"})
    SigV4Auth(credentials.get_frozen_credentials(), "appsync", chosen.session.region_name).add_auth(signed)
    post(url, body, dict(signed.headers.items()))
