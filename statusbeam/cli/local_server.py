"""The localcloud of a state folder: the flags that select it, its start, and its outputs."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from statusbeam.client.localcloud import DEFAULT_STATE_DIR
from statusbeam.localcloud.outputs import LocalOutputs, OutputsError, read_outputs
from statusbeam.localcloud.progress import Progress, Step
from statusbeam.localcloud.state_folder import StateFolder

from .command import CommandError, ExitCode
from .plain_text import print_notice

if TYPE_CHECKING:
    from statusbeam.localcloud.supervisor import Supervisor, UpResult

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
    """The ports of a new localcloud; 0 means any free port."""

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


def server_arguments(arguments: ServerOptions, *more: str) -> list[str]:
    """The command line of `python -m statusbeam.localcloud.server`, with `more` flags of it."""
    state_dir = str(state_folder(arguments).root)
    ports = [
        *("--port", str(arguments.port)),
        *("--aws-port", str(arguments.aws_port)),
        *("--bridge-port", str(arguments.bridge_port)),
    ]
    return ["--state-dir", state_dir, *ports, *more]


def bring_up(arguments: ServerOptions, *more: str) -> UpResult:
    """Start localcloud unless it runs, and print each step to stderr; `more` are flags of the server.

    Raises CommandError.
    """
    server = server_arguments(arguments, *more)
    # -P: the current folder is the caller's, and its modules are not ours.
    command = [sys.executable, "-P", "-m", "statusbeam.localcloud.server", *server]
    # A terminated `up` must clean up like an interrupted one.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with localcloud_of(state_folder(arguments)) as supervisor:
        return supervisor.up(command, os.environ, on_progress=_print_step)


@contextlib.contextmanager
def localcloud_of(folder: StateFolder) -> Iterator[Supervisor]:
    """The supervisor of a state folder. Raises CommandError for its errors, and where it is not installed."""
    try:
        from statusbeam.localcloud.supervisor import LocalcloudError, Supervisor  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise CommandError(f"localcloud needs {error.name}: install statusbeam[local].") from error
    try:
        yield Supervisor(folder)
    except LocalcloudError as error:
        raise CommandError(str(error), ExitCode.OUT_OF_REACH) from error


def running_outputs(folder: StateFolder) -> LocalOutputs:
    """The outputs of the running localcloud. Raises CommandError."""
    with localcloud_of(folder) as supervisor:
        if supervisor.status() is None:
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
