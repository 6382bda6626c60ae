"""The whole system on this machine, in the foreground, until SIGINT or SIGTERM.

`python -m statusbeam.localcloud.server --state-dir .local --port 4000 --aws-port 4566`; the command
`statusbeam local` starts it.
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
from .certificates import ensure_certificates
from .deploy import (
    DeployError,
    Deployment,
    MissingToolError,
    StackOutputError,
    find_tools,
    tool_environment,
)
from .emulator.inside import UntrustedError
from .emulator.lambda_runtime import write_runtime
from .emulator.server import (
    HOST,
    Emulator,
    EmulatorError,
    EmulatorFolders,
    emulator_environment,
    log_emulator_to,
)
from .ports import PortInUseError, listen, reserve
from .processes import AlreadyRunningError, ServerRecord, end_children
from .progress import Failed, ProgressWriter, Ready, Step
from .state_folder import StateFolder
from .system import LocalSystem, Parts

# Each carries one sentence for the user; anything else is a defect and goes to the log with its traceback.
_EXPECTED = (
    AlreadyRunningError,
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
    """Ports of 0 take any free one. With `faults` whoever is on this machine may switch them on."""

    folder: StateFolder
    port: int
    aws_port: int
    faults: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop. Exit code 0 after an orderly stop, 1 when it could not start."""
    parsed = _parser().parse_args(arguments)
    options = ServerOptions(
        folder=StateFolder(parsed.state_dir),
        port=parsed.port,
        aws_port=parsed.aws_port,
        faults=parsed.faults,
    )
    progress = ProgressWriter(parsed.report_fd)
    options.folder.create()
    _log_to_output()
    try:
        return _serve(options, progress, os.environ)
    except _EXPECTED as error:
        sentence = str(error)
        logger.error("%s", sentence)  # noqa: TRY400 - the sentence says it all
    except Exception:
        sentence = f"localcloud could not start; {options.folder.server_log} says why."
        logger.exception("localcloud could not start")
    progress.tell(Failed(sentence))  # last: who waits for it ends this process
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m statusbeam.localcloud.server")
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--aws-port", type=int, required=True)
    parser.add_argument("--faults", action="store_true", help=f"serve {FAULTS_PATH}")
    parser.add_argument("--report-fd", type=int, help="an open pipe that is told of the start's progress")
    return parser


def _log_to_output() -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S"))
    ours = logging.getLogger("statusbeam.localcloud")
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    ours.propagate = False  # the root logger is the emulator's


def _serve(options: ServerOptions, progress: ProgressWriter, environ: MutableMapping[str, str]) -> int:
    folder, record = options.folder, ServerRecord(options.folder.process_record)
    running = record.running()
    if running is not None:  # before the ports: they are its own
        raise AlreadyRunningError(f"localcloud already runs at {running.url}/.")
    tools = find_tools(python_bin=Path(sys.executable).parent)
    with contextlib.ExitStack() as closing:
        reserved = closing.enter_context(reserve(options.port, "--port"))
        listener = closing.enter_context(listen(options.aws_port, "--aws-port"))
        record.claim(f"http://{HOST}:{reserved.getsockname()[1]}")
        closing.callback(record.release)
        emulator = Emulator(listener, log_file=folder.emulator_log)
        for_tools = tool_environment(
            environ, endpoint_url=emulator.endpoint_url, tools=tools, scratch=folder.scratch
        )
        _prepare_process(folder, environ, aws_port=listener.getsockname()[1], path=tools.search_path)
        closing.callback(shutil.rmtree, folder.scratch, ignore_errors=True)
        closing.callback(end_children)
        parts = Parts(
            emulator=emulator,
            deployment=Deployment(folder=folder, tools=tools, environment=for_tools),
            certificates=ensure_certificates(folder.certificates, now=dt.datetime.now(dt.UTC)),
            reserved=reserved,
            faults=Faults(random.Random(0)) if options.faults else None,  # noqa: S311 - dice for faults, no secret
        )
        return asyncio.run(_run(parts, folder, progress))


def _prepare_process(
    folder: StateFolder, environ: MutableMapping[str, str], *, aws_port: int, path: str
) -> None:
    """Make this process and its folders what the emulator and its Lambda functions are to find."""
    folders = EmulatorFolders(
        state=folder.emulator_state, scratch=folder.scratch, lambda_runtime=folder.lambda_runtime
    )
    folder.outputs.unlink(missing_ok=True)
    folders.empty_scratch()
    write_runtime(folder.lambda_runtime)
    # Nothing of the caller's stays: the functions inherit this environment.
    environ.clear()
    environ.update(emulator_environment(port=aws_port, folders=folders, path=path))
    tempfile.tempdir = str(folder.scratch)
    log_emulator_to(folder.emulator_log)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a socket a client


async def _run(parts: Parts, folder: StateFolder, progress: ProgressWriter) -> int:
    def tell(text: str) -> None:
        progress.tell(Step(text))
        logger.info("%s", text)

    system = LocalSystem(parts, tell=tell)
    asked_to_stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_stop.set)
    stopping = asyncio.create_task(asked_to_stop.wait())
    starting = asyncio.create_task(system.start())
    try:
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            outputs = starting.result()
            outputs.write(folder.outputs)
            progress.tell(Ready(outputs.dashboard_url.rstrip("/")))
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
