"""The `statusbeam` command. Each subcommand is a module with `add_command`, listed in COMMANDS.

A subcommand whose packages are not installed says which extra installs them. For example, `redrive-log` needs
no emulator.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

from .command import CommandError, Subcommands
from .plain_text import print_notice

COMMANDS = ("cancel", "demo", "end_sessions", "local", "mcp", "redrive_log", "token")
EXTRAS = dict.fromkeys(COMMANDS, "cli") | {"demo": "local", "local": "local", "mcp": "bridge"}
"""The extra of the package that installs what each subcommand needs."""


def build_parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    """The parser of all subcommands. `environ` sets the defaults of flags that have a variable."""
    parser = argparse.ArgumentParser(
        prog="statusbeam", description="Live, ordered, truthful status of multi-agent jobs on AWS."
    )
    parser.set_defaults(is_missing=False)
    subcommands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="command")
    for name in COMMANDS:
        try:
            module = import_module(f".{name}", __package__)
        except ModuleNotFoundError as error:
            _add_missing(subcommands, name, error)
        else:
            module.add_command(subcommands, environ)
    return parser


def missing_package(command: str, error: ModuleNotFoundError) -> str:
    """What a subcommand lacks, and what installs it."""
    return f"{command} needs {error.name}: install statusbeam[{EXTRAS[command.replace('-', '_')]}]."


def _add_missing(subcommands: Subcommands, name: str, error: ModuleNotFoundError) -> None:
    """Add a subcommand that only says what it needs."""
    command = name.replace("_", "-")
    message = missing_package(command, error)

    def run(_: argparse.Namespace) -> int:
        raise CommandError(message)

    parser = subcommands.add_parser(command, help=f"not installed: {message}", add_help=False)
    parser.set_defaults(run=run, is_missing=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Exit code 0 means success or yes, 1 failure or no, 2 wrong arguments."""
    parser = build_parser(os.environ)
    parsed, unknown = parser.parse_known_args(arguments)
    if unknown and not parsed.is_missing:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    try:
        code: int = parsed.run(parsed)
    except ModuleNotFoundError as error:
        print_notice(f"statusbeam: {missing_package(parsed.command, error)}")
        return 1
    except CommandError as error:
        print_notice(f"statusbeam: {error}")
        return 1
    except KeyboardInterrupt:
        return 130  # what a shell expects after Ctrl-C
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python reports an error at exit
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
