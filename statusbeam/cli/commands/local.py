"""`statusbeam local`: runs the whole system on this machine, in the background or in the foreground."""

from __future__ import annotations

import shlex
import time
from typing import Annotated

from typer import Option

from statusbeam.localcloud.appsync.realtime.faults import FAULTS_PATH
from statusbeam.localcloud.emulator.server import root_credentials
from statusbeam.localcloud.supervisor import LocalcloudError, Supervisor
from statusbeam.model.settings import AuthorizerSettings, CallerSettings

from ..command import CommandError, ExitCode
from ..local_server import (
    ServerOptions,
    StateOptions,
    bring_up,
    running_outputs,
    server_arguments,
    state_folder,
)
from ..parser import group
from ..plain_text import print_line, print_notice

Faults = Annotated[
    bool,
    Option(
        "--faults",
        help=f"serve {FAULTS_PATH}, a route for tests that makes the API drop, duplicate, reorder or delay "
        "pushes and close WebSockets; off by default",
    ),
]


def _up(options: ServerOptions, faults: Faults = False) -> int:
    """Start localcloud in the background and wait until it is ready. It begins without jobs."""
    started_at = time.monotonic()
    up = bring_up(options, faults=faults)
    if up.started:
        print_line(f"localcloud is ready at {up.url}/ after {time.monotonic() - started_at:.1f} s.")
        print_notice("Jobs live until localcloud stops: it keeps them in memory.")
    else:
        print_line(f"localcloud is already running at {up.url}/.")
    return 0


def _down(options: StateOptions) -> int:
    """Stop localcloud and all of its processes. Its jobs, tables and users are gone then."""
    try:
        stopped = Supervisor(state_folder(options)).down()
    except LocalcloudError as error:
        raise CommandError(str(error), ExitCode.OUT_OF_REACH) from error
    print_line("localcloud has stopped." if stopped else "localcloud was not running.")
    return 0


def _status(options: StateOptions) -> int:
    """Show whether localcloud is running: exit code 0 or 1."""
    folder = state_folder(options)
    server = Supervisor(folder).status()
    if server is None:
        print_line("localcloud is not running.")
        return 1
    if not folder.outputs.exists():
        print_line(f"localcloud is starting as process {server.pid}.")
        return 1
    print_line(f"localcloud is running at {server.url}/ as process {server.pid}.")
    return 0


def _env(options: StateOptions) -> int:
    """Print shell commands that make the AWS tools use localcloud."""
    outputs = running_outputs(state_folder(options))
    caller = CallerSettings(
        status_publisher_function=outputs.publisher_function_arn, status_queue_url=outputs.status_queue_url
    )
    minting = AuthorizerSettings(
        view_token_secret=outputs.view_token_secret_arn, view_token_audience=outputs.view_token_audience
    )
    variables = {
        "AWS_ENDPOINT_URL": outputs.aws_endpoint_url,
        **root_credentials(),
        **caller.to_env(),
        **minting.to_env(),
    }
    print_line(
        "unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN"
    )  # they take precedence over the keys below
    for name, value in variables.items():
        print_line(f"export {name}={shlex.quote(value)}")
    return 0


def _run(options: ServerOptions, faults: Faults = False) -> int:
    """Run localcloud in the foreground until Ctrl-C."""
    from statusbeam.localcloud import server  # noqa: PLC0415 - loads the AWS SDK, which no other action needs

    return server.main(server_arguments(options, faults=faults))


COMMAND = group(
    "Run the whole system on this machine, without an AWS account.",
    {"up": _up, "down": _down, "status": _status, "env": _env, "run": _run},
    examples=(
        "statusbeam local up",
        "statusbeam local down",
        "statusbeam local status",
        'eval "$(statusbeam local env)"',
        "statusbeam local run --port 5000",
    ),
)
