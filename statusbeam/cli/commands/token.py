"""`statusbeam token`: issues a view token for one user, as an app's back end does."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from statusbeam.model.limits import VIEW_TOKEN_SECONDS, VIEW_TOKEN_SECONDS_MAX

from ..command import CommandError, ExitCode
from ..options import TargetOptions
from ..parser import command
from ..plain_text import print_line, print_notice


def token(
    options: TargetOptions,
    *,
    user: Annotated[str, Option("--user", metavar="ID", help="user whose jobs the token shows")],
    tenant: Annotated[str, Option("--tenant", metavar="ID", help="tenant of the user")],
    job: Annotated[
        list[str] | None, Option("--job", metavar="ID", help="limit the token to this job; can be repeated")
    ] = None,
    ttl: Annotated[
        int,
        Option("--ttl", metavar="SECONDS", help=f"lifetime of the token, at most {VIEW_TOKEN_SECONDS_MAX}"),
    ] = VIEW_TOKEN_SECONDS,
    secret_arn: Annotated[
        str | None,
        Option(
            "--secret-arn", metavar="ARN", help="signing secret instead of the stack's; requires --audience"
        ),
    ] = None,
    audience: Annotated[
        str | None,
        Option("--audience", metavar="NAME", help="audience of the token, for example statusbeam-prod"),
    ] = None,
) -> int:
    """Print a view token to stdout, and the access that it grants to stderr.

    Every holder of the token has this access until it expires: keep it out of logs and URLs.
    """
    from statusbeam.client.view_tokens import issue, signed  # noqa: PLC0415 - --help does without

    jobs = job or None
    if (secret_arn is None) != (audience is None):
        raise CommandError("--secret-arn and --audience require each other.", ExitCode.WRONG_CALL)
    if secret_arn is None or audience is None:
        printed = issue(options.target(), user, tenant, jobs=jobs, seconds=ttl)
    else:
        import boto3.session  # noqa: PLC0415 - loads the AWS SDK

        from statusbeam.client.target import client_config  # noqa: PLC0415 - as above

        session = boto3.session.Session(profile_name=options.profile, region_name=options.region)
        client = session.client("secretsmanager", config=client_config())
        printed = signed(client, secret_arn, audience, user=user, tenant=tenant, jobs=jobs, seconds=ttl)
    named = "all jobs" if jobs is None else "the jobs " + ", ".join(jobs)
    print_notice(
        f"For {ttl} s, this token gives read access to {named} of the user {user} in the tenant {tenant}."
    )
    print_line(printed)
    return 0


COMMAND = command(
    token,
    examples=(
        "statusbeam token --user ana --tenant acme",
        "export STATUSBEAM_TOKEN=$(statusbeam token --stack Dev-Status --user ana --tenant acme)",
    ),
)
