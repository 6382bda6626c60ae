"""`statusbeam token`: issues a view token for one user, as an app's back end does."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from statusbeam.model.limits import VIEW_TOKEN_SECONDS, VIEW_TOKEN_SECONDS_MAX

from .command import CommandError, Subcommands
from .plain_text import print_line, print_notice
from .target import add_target_flags, client_config, target
from .view_token import issue, signed

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
    wanted = {"user": arguments.user, "tenant": arguments.tenant}
    jobs, seconds = arguments.job, arguments.ttl
    if (arguments.secret_arn is None) != (arguments.audience is None):
        raise CommandError("--secret-arn and --audience require each other.")
    if arguments.secret_arn is None:
        token = issue(target(arguments), **wanted, jobs=jobs, seconds=seconds)
    else:
        import boto3.session  # noqa: PLC0415 - loads the AWS SDK, which --help does not need

        client = boto3.session.Session().client("secretsmanager", config=client_config())
        secret, audience = arguments.secret_arn, arguments.audience
        token = signed(client, secret, audience, **wanted, jobs=jobs, seconds=seconds)
    named = "all jobs" if jobs is None else "the jobs " + ", ".join(jobs)
    print_notice(
        f"For {seconds} s, this token gives read access to {named} of the user {arguments.user} "
        f"in the tenant {arguments.tenant}."
    )
    print_line(token)
    return 0
