"""`statusbeam local`: runs the whole system on this machine, in the background or in the foreground."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from typing import Annotated

from typer import Option

from statusbeam.localcloud.appsync.realtime.faults import FAULTS_PATH
from statusbeam.localcloud.emulator.account import root_credentials
from statusbeam.model.settings import OIDC_ROLES_CLAIM, TENANT_CLAIM, AuthorizerSettings, CallerSettings

from ..command import CommandError, ExitCode
from ..local_server import (
    ServerOptions,
    StateOptions,
    bring_up,
    localcloud_of,
    running_outputs,
    server_arguments,
    state_folder,
)
from ..parser import group
from ..plain_text import print_line, print_notice


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOptions(ServerOptions):
    """A new localcloud: its ports, and the app to deploy."""

    app: Annotated[
        str | None,
        Option(
            "--app",
            metavar="COMMAND",
            help='deploy your own CDK app instead of the built-in one, for example "python app.py"; the '
            "command runs in the current folder",
        ),
    ] = None
    oidc_issuer: Annotated[
        str | None,
        Option(
            "--oidc-issuer",
            metavar="URL",
            help="the OpenID Connect provider that signs readers in, in the place of the user pool and its "
            f"demo users; its ID tokens carry {TENANT_CLAIM} and {OIDC_ROLES_CLAIM}",
        ),
    ] = None
    oidc_client_id: Annotated[
        str | None,
        Option(
            "--oidc-client-id",
            metavar="ID",
            help="the dashboard's client at that provider: a public client with the dashboard's URL",
        ),
    ] = None
    faults: Annotated[
        bool,
        Option(
            "--faults",
            help=f"serve {FAULTS_PATH}, a route for tests that makes the API drop, duplicate, reorder or "
            "delay pushes and close WebSockets; off by default",
        ),
    ] = False

    def server_flags(self) -> list[str]:
        """The flags of the server. Raises CommandError."""
        issuer, client_id = self.oidc_issuer, self.oidc_client_id
        if (issuer is None) is not (client_id is None):
            raise CommandError("--oidc-issuer and --oidc-client-id go together.", ExitCode.WRONG_CALL)
        app = ["--app", self.app] if self.app else []
        oidc = ["--oidc-issuer", issuer, "--oidc-client-id", client_id] if issuer and client_id else []
        return [*app, *oidc, *(["--faults"] if self.faults else [])]


def _up(options: StartOptions) -> int:
    """Start localcloud in the background and wait until it is ready. It begins without jobs."""
    started_at = time.monotonic()
    up = bring_up(options, *options.server_flags())
    if up.started:
        print_line(f"localcloud is ready at {up.url}/ after {time.monotonic() - started_at:.1f} s.")
        print_notice("Jobs live until localcloud stops: it keeps them in memory.")
    else:
        print_line(f"localcloud is already running at {up.url}/.")
    return 0


def _down(options: StateOptions) -> int:
    """Stop localcloud and all of its processes. This deletes its jobs, tables and users."""
    with localcloud_of(state_folder(options)) as supervisor:
        stopped = supervisor.down()
    print_line("localcloud has stopped." if stopped else "localcloud was not running.")
    return 0


def _status(options: StateOptions) -> int:
    """Show whether localcloud is running: exit code 0 or 1."""
    folder = state_folder(options)
    with localcloud_of(folder) as supervisor:
        server = supervisor.status()
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


def _run(options: StartOptions) -> int:
    """Run localcloud in the foreground until Ctrl-C."""
    from statusbeam.localcloud import server  # noqa: PLC0415 - loads the AWS SDK, which no other action needs

    return server.main(server_arguments(options, *options.server_flags()))


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
