"""`statusbeam local`: the whole system on this machine, in the background or in the foreground."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from statusbeam.localcloud.appsync.realtime.faults import FAULTS_PATH
from statusbeam.localcloud.deploy import ROOT
from statusbeam.localcloud.emulator.server import root_credentials
from statusbeam.localcloud.outputs import LocalOutputs, OutputsError, read_outputs
from statusbeam.localcloud.progress import Progress, Step
from statusbeam.localcloud.state_folder import StateFolder
from statusbeam.localcloud.supervisor import LocalcloudError, Supervisor, Up
from statusbeam.model.settings import AuthorizerSettings, CallerSettings

from .command import CommandError, Subcommands, add_flag, port_number

DEFAULT_STATE_DIR = ROOT / ".local"
DEFAULT_PORT = "4000"
DEFAULT_AWS_PORT = "4566"

_ACTIONS: dict[str, str] = {
    "up": "start it in the background and wait until it is ready",
    "down": "stop it; no process stays",
    "status": "say whether it runs (exit code 0 or 1)",
    "env": "print shell lines that point the AWS tools at it",
    "run": "run it in the foreground until Ctrl-C",
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
        starts = name in ("up", "run")
        add_server_flags(action, environ, with_ports=starts)
        if starts:
            action.add_argument(
                "--faults",
                action="store_true",
                help=f"serve {FAULTS_PATH}, where a test makes the API lose, double, swap or delay pushes "
                "and cut sockets; off by default",
            )
        action.set_defaults(run=run[name])


def add_server_flags(
    parser: argparse.ArgumentParser, environ: Mapping[str, str], *, with_ports: bool
) -> None:
    """Add the flags that say which localcloud is meant, and with ports where a new one answers."""
    add_flag(
        parser,
        "--state-dir",
        environ,
        default=str(DEFAULT_STATE_DIR),
        type=Path,
        help="where its files lie, outputs.json among them",
    )
    if with_ports:
        add_flag(
            parser,
            "--port",
            environ,
            default=DEFAULT_PORT,
            type=port_number,
            help="of the API and the page",
        )
        add_flag(
            parser,
            "--aws-port",
            environ,
            default=DEFAULT_AWS_PORT,
            type=port_number,
            help="of the AWS emulator",
        )


def state_folder(arguments: argparse.Namespace) -> StateFolder:
    """The folder that `--state-dir` names."""
    return StateFolder(arguments.state_dir.absolute())


def _server_flags(arguments: argparse.Namespace, *, faults: bool) -> list[str]:
    state_dir = str(state_folder(arguments).root)
    ports = ["--port", str(arguments.port), "--aws-port", str(arguments.aws_port)]
    return ["--state-dir", state_dir, *ports, *(["--faults"] if faults else [])]


def bring_up(arguments: argparse.Namespace, *, faults: bool = False) -> Up:
    """Start localcloud unless it runs, telling each step on stderr. Raises CommandError."""
    command = [sys.executable, "-m", "statusbeam.localcloud.server", *_server_flags(arguments, faults=faults)]
    # A terminated `up` must clean up like an interrupted one.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        return Supervisor(state_folder(arguments)).up(
            command, {**os.environ, "PYTHONPATH": str(ROOT)}, on_progress=_show
        )
    except LocalcloudError as error:
        raise CommandError(str(error)) from error


def _up(arguments: argparse.Namespace) -> int:
    started_at = time.monotonic()
    up = bring_up(arguments, faults=arguments.faults)
    if up.started:
        print(f"localcloud is ready at {up.url}/ after {time.monotonic() - started_at:.1f} s.")
    else:
        print(f"localcloud already runs at {up.url}/.")
    return 0


def _show(progress: Progress) -> None:
    if isinstance(progress, Step):
        print(f"… {progress.text}", file=sys.stderr)


def _down(arguments: argparse.Namespace) -> int:
    try:
        stopped = Supervisor(state_folder(arguments)).down()
    except LocalcloudError as error:
        raise CommandError(str(error)) from error
    print("localcloud is stopped." if stopped else "localcloud was not running.")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    folder = state_folder(arguments)
    server = Supervisor(folder).status()
    if server is None:
        print("localcloud does not run.")
        return 1
    if not folder.outputs.exists():
        print(f"localcloud is starting, process {server.pid}.")
        return 1
    print(f"localcloud runs at {server.url}/, process {server.pid}.")
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
    print("unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN")  # they would win over the keys below
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _run(arguments: argparse.Namespace) -> int:
    from statusbeam.localcloud import server  # noqa: PLC0415 - loads the AWS SDK; no other action waits for it

    return server.main(_server_flags(arguments, faults=arguments.faults))


def running_outputs(folder: StateFolder) -> LocalOutputs:
    """The outputs of the localcloud that runs now. Raises CommandError."""
    if Supervisor(folder).status() is None:
        raise CommandError("localcloud does not run: start it with `statusbeam local up`.")
    try:
        return read_outputs(folder.outputs)
    except OutputsError as error:
        raise CommandError(f"{error}.") from error
