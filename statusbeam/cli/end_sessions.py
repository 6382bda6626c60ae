"""`statusbeam end-sessions`: ends a user's sessions, with the operator's AWS credentials."""

from __future__ import annotations

import argparse
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from .command import CommandError, Subcommands
from .plain_text import print_line
from .target import Target, add_target_flags, target

ANSWER_SECONDS = 15
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
    answer = _post(target(arguments), json.dumps({"query": MUTATION, "variables": variables}).encode())
    if answer.get("errors"):
        raise CommandError(f"the API refused: {answer['errors'][0].get('message')}")
    print_line(f"Ended the sessions of {arguments.user} in {arguments.tenant}.")
    return 0


def _post(chosen: Target, body: bytes) -> dict[str, Any]:
    """The API's answer to a signed request. Raises CommandError."""
    from botocore.auth import SigV4Auth  # noqa: PLC0415 - loads the AWS SDK
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415

    url = chosen.output("GraphqlUrl")
    credentials = chosen.session.get_credentials()
    if credentials is None or chosen.session.region_name is None:
        raise CommandError("the environment has no AWS credentials or no region.")
    signed = AWSRequest(method="POST", url=url, data=body, headers={"content-type": "application/json"})
    SigV4Auth(credentials.get_frozen_credentials(), "appsync", chosen.session.region_name).add_auth(signed)
    request = urllib.request.Request(url, body, dict(signed.headers))  # noqa: S310 - the stack's own URL
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - as above
            decoded = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            raise CommandError(f"the API refused with status {error.code}.") from error
    except (OSError, ValueError) as error:
        raise CommandError(f"the API did not answer: {error}") from error
    return decoded if isinstance(decoded, dict) else {}
