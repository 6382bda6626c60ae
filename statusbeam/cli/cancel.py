"""`statusbeam cancel`: asks for a job to be stopped, in its owner's name."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from statusbeam.model.limits import REASON_LENGTH

from .api_call import body_of, post
from .command import CommandError, Subcommands
from .plain_text import print_line
from .target import add_target_flags, target
from .view_token import issue

TOKEN_SECONDS = 60
"""Lifetime of the view token of one request."""
DESCRIPTION = (
    "Asks for a running job to be stopped. The request is in the job's log at once, and stops the executions "
    "of its registered state machines. The job is cancelled when its work has stopped. "
    "The command issues a view token for the job's owner: it reads the secret of the view tokens."
)
MUTATION = """mutation($jobId: ID!, $reason: String) {
  cancelJob(jobId: $jobId, reason: $reason) { overallStatus cancelRequest { at } }
}"""


def add_command(subcommands: Subcommands, environ: Mapping[str, str]) -> None:
    """Add `cancel`."""
    command = subcommands.add_parser("cancel", help="ask for a job to be stopped", description=DESCRIPTION)
    command.add_argument("job", metavar="JOB", help="id of the job")
    command.add_argument("--user", required=True, metavar="ID", help="user whose job it is")
    command.add_argument("--tenant", required=True, metavar="ID", help="tenant of the user")
    command.add_argument(
        "--reason", metavar="TEXT", help=f"for the people who watch, at most {REASON_LENGTH} characters"
    )
    add_target_flags(command, environ)
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Ask; exit code 0 when the job is asked to stop. Raises CommandError."""
    chosen = target(arguments)
    token = issue(chosen, arguments.user, arguments.tenant, jobs=None, seconds=TOKEN_SECONDS)
    headers = {"content-type": "application/json", "authorization": token}
    variables = {"jobId": arguments.job, "reason": arguments.reason}
    job = post(chosen.output("GraphqlUrl"), body_of(MUTATION, variables), headers)["cancelJob"]
    if job["cancelRequest"] is None:
        raise CommandError(f"the job {arguments.job} has ended already: it is {job['overallStatus']}.")
    print_line(f"The job {arguments.job} is asked to stop. It is {job['overallStatus']}.")
    return 0
