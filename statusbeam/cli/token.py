"""`statusbeam token`: issues a view token for one user, as an app's back end does."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from statusbeam.model.errors import ViewTokenError
from statusbeam.model.limits import VIEW_TOKEN_SECONDS, VIEW_TOKEN_SECONDS_MAX

from .command import CommandError, Subcommands
from .plain_text import print_line, print_notice
from .target import add_target_flags, client_config, target

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

DESCRIPTION = (
    "Prints a view token to stdout, and the access that it grants to stderr. "
    "Everyone who has the token has this access until it expires: keep it out of logs and URLs."
)


def add_command(subcommands: Subcommands, environ: Mapping[str, str]) -> None:
    """Add `token`."""
    token = subcommands.add_parser("token", help="issue a view token for a user", description=DESCRIPTION)
    token.add_argument("--user", required=True, metavar="ID", help="user whose jobs the token shows")
    token.add_argument("--tenant", required=True, metavar="ID", help="tenant of the user")
    token.add_argument(
        "--job", action="append", metavar="ID", help="limit the token to this job; can be repeated"
    )
    token.add_argument(
        "--ttl",
        type=int,
        default=VIEW_TOKEN_SECONDS,
        metavar="SECONDS",
        help=f"lifetime of the token, at most {VIEW_TOKEN_SECONDS_MAX} [default {VIEW_TOKEN_SECONDS}]",
    )
    token.add_argument(
        "--secret-arn",
        metavar="ARN",
        help="signing secret instead of the stack's; requires --audience",
    )
    token.add_argument(
        "--audience", metavar="NAME", help="audience of the token, for example statusbeam-prod"
    )
    add_target_flags(token, environ)
    token.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the token; exit code 0. Raises CommandError."""
    from status_utils.tokens import ViewTokenKeys, mint_view_token  # noqa: PLC0415
    from status_utils.tokens.secret_versions import SecretVersions  # noqa: PLC0415 - loads the AWS SDK

    client, secret, audience = _signing(arguments)
    try:
        token = mint_view_token(
            arguments.user,
            arguments.tenant,
            arguments.job,
            arguments.ttl,
            keys=ViewTokenKeys(SecretVersions(client, secret)),
            audience=audience,
        )
    except ViewTokenError as error:
        raise CommandError(f"{error}.") from error
    jobs = "all jobs" if arguments.job is None else "the jobs " + ", ".join(arguments.job)
    print_notice(
        f"For {arguments.ttl} s, this token gives read access to {jobs} of the user {arguments.user} "
        f"in the tenant {arguments.tenant}."
    )
    print_line(token)
    return 0


def _signing(arguments: argparse.Namespace) -> tuple[SecretsManagerClient, str, str]:
    """A client for the secret, the secret's ARN, and the audience."""
    if (arguments.secret_arn is None) != (arguments.audience is None):
        raise CommandError("--secret-arn and --audience require each other.")
    if arguments.secret_arn is not None:
        import boto3.session  # noqa: PLC0415 - as above

        client = boto3.session.Session().client("secretsmanager", config=client_config())
        return client, arguments.secret_arn, arguments.audience
    chosen = target(arguments)
    client = chosen.session.client("secretsmanager", endpoint_url=chosen.endpoint_url, config=client_config())
    return client, chosen.output("ViewTokenSecretArn"), chosen.output("ViewTokenAudience")
