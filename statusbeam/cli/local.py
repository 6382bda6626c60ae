"""`statusbeam local`: runs the whole system on this machine, in the background or in the foreground."""

from __future__ import annotations

import argparse
import shlex
import time
from collections.abc import Callable, Mapping

from statusbeam.localcloud.appsync.realtime.faults import FAULTS_PATH
from statusbeam.localcloud.emulator.account import root_credentials
from statusbeam.model.settings import OIDC_ROLES_CLAIM, TENANT_CLAIM, AuthorizerSettings, CallerSettings

from .command import CommandError, Subcommands
from .local_server import (
    add_server_flags,
    bring_up,
    localcloud_of,
    running_outputs,
    server_arguments,
    state_folder,
)
from .plain_text import print_line, print_notice

_ACTIONS: dict[str, str] = {
    "up": "start localcloud in the background and wait until it is ready; it begins without jobs",
    "down": "stop localcloud and all of its processes; its jobs, tables and users are gone then",
    "status": "show whether localcloud is running (exit code 0 or 1)",
    "env": "print shell commands that make the AWS tools use localcloud",
    "run": "run localcloud in the foreground until Ctrl-C",
}


def add_command(subcommands: Subcommands, environ: Mapping[str, str]) -> None:
    """Add `local` and its actions."""
    local = subcommands.add_parser(
        "local", help="run the whole system on this machine, without an AWS account"
    )
    actions = local.add_subparsers(title="actions", required=True, metavar="ACTION")
    run: dict[str, Callable[[argparse.Namespace], int]] = {
        "up": _up,
        "down": _down,
        "status": _status,
        "env": _env,
        "run": _run,
    }
    for name, description in _ACTIONS.items():
        action = actions.add_parser(name, help=description, description=description)
        starts_server = name in ("up", "run")
        add_server_flags(action, environ, with_ports=starts_server)
        if starts_server:
            action.add_argument(
                "--oidc-issuer",
                metavar="URL",
                help="the OpenID Connect provider that signs readers in, in the place of the user pool and "
                f"its demo users; its ID tokens carry {TENANT_CLAIM} and {OIDC_ROLES_CLAIM}",
            )
            action.add_argument(
                "--oidc-client-id",
                metavar="ID",
                help="the dashboard's client at that provider: a public client with the dashboard's URL",
            )
            action.add_argument(
                "--app",
                metavar="COMMAND",
                help='deploy your own CDK app instead of the built-in one, for example "python app.py"; '
                "the command runs in the current folder",
            )
            action.add_argument(
                "--faults",
                action="store_true",
                help=f"serve {FAULTS_PATH}, a route for tests that makes the API drop, duplicate, reorder or "
                "delay pushes and close WebSockets; off by default",
            )
        action.set_defaults(run=run[name])


def _up(arguments: argparse.Namespace) -> int:
    started_at = time.monotonic()
    up = bring_up(arguments, *_server_flags(arguments))
    if up.started:
        print_line(f"localcloud is ready at {up.url}/ after {time.monotonic() - started_at:.1f} s.")
        print_notice("Jobs live until localcloud stops: it keeps them in memory.")
    else:
        print_line(f"localcloud is already running at {up.url}/.")
    return 0


def _down(arguments: argparse.Namespace) -> int:
    with localcloud_of(state_folder(arguments)) as supervisor:
        stopped = supervisor.down()
    print_line("localcloud has stopped." if stopped else "localcloud was not running.")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    folder = state_folder(arguments)
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


def _env(arguments: argparse.Namespace) -> int:
    outputs = running_outputs(state_folder(arguments))
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


def _run(arguments: argparse.Namespace) -> int:
    from statusbeam.localcloud import server  # noqa: PLC0415 - loads the AWS SDK, which no other action needs

    return server.main(server_arguments(arguments, *_server_flags(arguments)))


def _server_flags(arguments: argparse.Namespace) -> list[str]:
    issuer, client_id = arguments.oidc_issuer, arguments.oidc_client_id
    if (issuer is None) is not (client_id is None):
        raise CommandError("--oidc-issuer and --oidc-client-id go together.")
    if arguments.app and issuer:
        raise CommandError("--oidc-issuer is for the built-in app; --app says itself who signs in.")
    app = ["--app", arguments.app] if arguments.app else []
    oidc = [] if issuer is None else ["--oidc-issuer", issuer, "--oidc-client-id", client_id]
    return [*app, *oidc, *(["--faults"] if arguments.faults else [])]
