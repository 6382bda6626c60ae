"""The localcloud of a state folder: the flags that select it, its start, and its outputs."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Option

from statusbeam.client.localcloud import DEFAULT_STATE_DIR
from statusbeam.localcloud.deploy import ROOT
from statusbeam.localcloud.outputs import LocalOutputs, OutputsError, read_outputs
from statusbeam.localcloud.progress import Progress, Step
from statusbeam.localcloud.state_folder import StateFolder
from statusbeam.localcloud.supervisor import LocalcloudError, Supervisor, UpResult

from .command import CommandError, ExitCode
from .plain_text import print_notice

DEFAULT_PORT = 4000
DEFAULT_AWS_PORT = 4566
DEFAULT_BRIDGE_PORT = 0
MAX_PORT = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class StateOptions:
    """The localcloud of a folder."""

    state_dir: Annotated[
        Path,
        Option(
            "--state-dir",
            envvar="STATUSBEAM_STATE_DIR",
            metavar="DIR",
            show_default=".local",
            help="folder for localcloud's files, outputs.json among them",
        ),
    ] = DEFAULT_STATE_DIR


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions(StateOptions):
    """The ports of a new localcloud; 0 stands for any free port."""

    port: Annotated[
        int,
        Option(
            "--port",
            envvar="STATUSBEAM_PORT",
            min=0,
            max=MAX_PORT,
            metavar="PORT",
            help="port for the API and the dashboard",
        ),
    ] = DEFAULT_PORT
    aws_port: Annotated[
        int,
        Option(
            "--aws-port",
            envvar="STATUSBEAM_AWS_PORT",
            min=0,
            max=MAX_PORT,
            metavar="PORT",
            help="port for the AWS emulator",
        ),
    ] = DEFAULT_AWS_PORT
    bridge_port: Annotated[
        int,
        Option(
            "--bridge-port",
            envvar="STATUSBEAM_BRIDGE_PORT",
            min=0,
            max=MAX_PORT,
            metavar="PORT",
            help="port for the bridge to other protocols",
        ),
    ] = DEFAULT_BRIDGE_PORT


def state_folder(arguments: StateOptions) -> StateFolder:
    """The folder that `--state-dir` names."""
    return StateFolder(arguments.state_dir.absolute())


def server_arguments(arguments: ServerOptions, *, faults: bool) -> list[str]:
    """The command line of `python -m statusbeam.localcloud.server`."""
    state_dir = str(state_folder(arguments).root)
    ports = [
        *("--port", str(arguments.port)),
        *("--aws-port", str(arguments.aws_port)),
        *("--bridge-port", str(arguments.bridge_port)),
    ]
    return ["--state-dir", state_dir, *ports, *(["--faults"] if faults else [])]


def bring_up(arguments: ServerOptions, *, faults: bool = False) -> UpResult:
    """Start localcloud unless it runs, and print each step to stderr. Raises CommandError."""
    server = server_arguments(arguments, faults=faults)
    command = [sys.executable, "-m", "statusbeam.localcloud.server", *server]
    # A terminated `up` must clean up like an interrupted one.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        return Supervisor(state_folder(arguments)).up(
            command, {**os.environ, "PYTHONPATH": str(ROOT)}, on_progress=_print_step
        )
    except LocalcloudError as error:
        raise CommandError(str(error), ExitCode.OUT_OF_REACH) from error


def running_outputs(folder: StateFolder) -> LocalOutputs:
    """The outputs of the running localcloud. Raises CommandError."""
    if Supervisor(folder).status() is None:
        raise CommandError(
            "localcloud is not running: start it with `statusbeam local up`.", ExitCode.OUT_OF_REACH
        )
    try:
        return read_outputs(folder.outputs)
    except OutputsError as error:
        raise CommandError(f"{error}.") from error


def _print_step(progress: Progress) -> None:
    if isinstance(progress, Step):
        print_notice(f"localcloud: {progress.text}")
