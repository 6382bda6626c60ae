"""The whole system on this machine, in the foreground, until SIGINT or SIGTERM.

`python -m statusbeam.localcloud.server --state-dir .local --port 4000 --aws-port 4566 --bridge-port 0`; the
command `statusbeam local` starts it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import logging
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .appsync.control_plane.definition import DefinitionError
from .appsync.realtime.faults import FAULTS_PATH, Faults
from .bridge import BridgeProcess, BridgeStartError
from .cdk_cli import MissingToolError, find_cdk_cli, search_path
from .certificates import ensure_certificates
from .deploy import CdkApp, DeployError, Deployment, OidcSignIn, StackOutputError, tool_environment
from .emulator.account import HOST
from .emulator.internals import UntrustedError
from .emulator.lambda_runtime import write_runtime
from .emulator.server import (
    Emulator,
    EmulatorError,
    EmulatorFolders,
    emulator_environment,
    log_emulator_to,
)
from .ports import PortInUseError, listen, reserve
from .processes import AlreadyRunningError, ServerRecord, terminate_children
from .progress import Failed, ProgressWriter, Ready, Step
from .state_folder import StateFolder
from .system import Components, LocalSystem

# Their messages are for the user. Any other exception is a defect and is logged with its traceback.
_EXPECTED = (
    AlreadyRunningError,
    BridgeStartError,
    DefinitionError,
    DeployError,
    EmulatorError,
    MissingToolError,
    PortInUseError,
    StackOutputError,
    UntrustedError,
)

logger = logging.getLogger("statusbeam.localcloud")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """A port of 0 takes any free port. With `faults`, every program on this machine can switch faults on."""

    folder: StateFolder
    port: int
    aws_port: int
    bridge_port: int
    faults: bool
    app: CdkApp


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM. Exit code 0 after an orderly stop, 1 when the start failed."""
    parsed = _parser().parse_args(arguments)
    options = ServerOptions(
        folder=StateFolder(parsed.state_dir),
        port=parsed.port,
        aws_port=parsed.aws_port,
        bridge_port=parsed.bridge_port,
        faults=parsed.faults,
        app=_app(parsed),
    )
    progress = ProgressWriter(parsed.report_fd)
    options.folder.create()
    _log_to_output()
    try:
        return _serve(options, progress, os.environ)
    except _EXPECTED as error:
        message = str(error)
        logger.error("%s", message)  # noqa: TRY400 - the message is complete
    except Exception:
        message = f"localcloud could not start; the reason is in {options.folder.server_log}."
        logger.exception("localcloud could not start")
    progress.report(Failed(message))  # last: the command that waits for it terminates this process
    return 1


def _app(parsed: argparse.Namespace) -> CdkApp:
    oidc = OidcSignIn(parsed.oidc_issuer, parsed.oidc_client_id) if parsed.oidc_issuer else None
    return CdkApp(command=parsed.app, folder=Path.cwd(), oidc=oidc) if parsed.app else CdkApp(oidc=oidc)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m statusbeam.localcloud.server")
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--aws-port", type=int, required=True)
    parser.add_argument("--bridge-port", type=int, required=True)
    parser.add_argument("--faults", action="store_true", help=f"serve {FAULTS_PATH}")
    parser.add_argument("--app", help="the command of a CDK app, run in this folder; by default the built-in")
    parser.add_argument("--oidc-issuer", help="the provider that signs readers in, in the user pool's place")
    parser.add_argument("--oidc-client-id", help="the page's client at that provider")
    parser.add_argument("--report-fd", type=int, help="an open pipe for the progress of the start")
    return parser


def _log_to_output() -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S"))
    ours = logging.getLogger("statusbeam.localcloud")
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    ours.propagate = False  # the root logger writes the emulator's output


def _serve(options: ServerOptions, progress: ProgressWriter, environ: MutableMapping[str, str]) -> int:
    folder, record = options.folder, ServerRecord(options.folder.process_record)
    running = record.running()
    if running is not None:  # before the ports: the running server uses them
        raise AlreadyRunningError(f"localcloud is already running at {running.url}/.")
    path = search_path(Path(sys.executable).parent)
    with contextlib.ExitStack() as closing:
        reserved = closing.enter_context(reserve(options.port, "--port"))
        listener = closing.enter_context(listen(options.aws_port, "--aws-port"))
        reserved_for_bridge = closing.enter_context(reserve(options.bridge_port, "--bridge-port"))
        record.claim(f"http://{HOST}:{reserved.getsockname()[1]}")
        closing.callback(record.release)
        emulator = Emulator(listener, log_file=folder.emulator_log)
        for_tools = tool_environment(
            environ, options.app, endpoint_url=emulator.endpoint_url, path=path, scratch=folder.scratch
        )
        _prepare_process(folder, environ, aws_port=listener.getsockname()[1], path=path)
        closing.callback(shutil.rmtree, folder.scratch, ignore_errors=True)
        closing.callback(terminate_children)
        cdklocal = find_cdk_cli(
            folder.cdk_cli,
            path=path,
            environment=for_tools,
            report=lambda text: progress.report(Step(text)),
        )
        components = Components(
            emulator=emulator,
            deployment=Deployment(options.app, folder=folder, cdklocal=cdklocal, environment=for_tools),
            certificates=ensure_certificates(folder.certificates, now=dt.datetime.now(dt.UTC)),
            reserved=reserved,
            bridge=BridgeProcess(reserved_for_bridge, log_file=folder.bridge_log, environment=environ),
            faults=Faults(random.Random(0)) if options.faults else None,  # noqa: S311 - random faults, no secret
        )
        return asyncio.run(_run(components, folder, progress))


def _prepare_process(
    folder: StateFolder, environ: MutableMapping[str, str], *, aws_port: int, path: str
) -> None:
    """Set up the folders and the environment for the emulator and its Lambda functions."""
    folders = EmulatorFolders(
        state=folder.emulator_state, scratch=folder.scratch, lambda_runtime=folder.lambda_runtime
    )
    folder.outputs.unlink(missing_ok=True)
    folders.empty_scratch()
    write_runtime(folder.lambda_runtime)
    # Remove the caller's variables: the functions inherit this environment.
    environ.clear()
    environ.update(emulator_environment(port=aws_port, folders=folders, path=path))
    tempfile.tempdir = str(folder.scratch)
    log_emulator_to(folder.emulator_log)
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))  # each client is a socket


async def _run(components: Components, folder: StateFolder, progress: ProgressWriter) -> int:
    def report(text: str) -> None:
        progress.report(Step(text))
        logger.info("%s", text)

    system = LocalSystem(components, report=report)
    stop_requested = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop_requested.set)
    stopping = asyncio.create_task(stop_requested.wait())
    starting = asyncio.create_task(system.start())
    try:
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            outputs = starting.result()
            outputs.write(folder.outputs)
            progress.report(Ready(outputs.dashboard_url.rstrip("/")))
            logger.info("url=<%s>, outputs=<%s> | ready", outputs.dashboard_url, folder.outputs)
            await stopping
        logger.info("stopping")
    finally:
        await _cancel(starting, stopping)
        await system.stop()
        folder.outputs.unlink(missing_ok=True)
    return 0


async def _cancel(*tasks: asyncio.Task[object]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    sys.exit(main())
