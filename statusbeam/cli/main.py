"""The `statusbeam` command. Each subcommand is a module with `add_command`, listed in COMMANDS.

A subcommand whose packages are not installed is left out, and `--help` names it with the extra that installs
them. For example, `redrive-log` needs no emulator.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

from .command import CommandError
from .plain_text import print_notice

COMMANDS = ("cancel", "demo", "end_sessions", "local", "mcp", "redrive_log", "token")
EXTRAS = ("cdk", "cli", "local")
"""The extras of the package that install what all subcommands need."""


def build_parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    """The parser of all subcommands. `environ` sets the defaults of flags that have a variable."""
    parser = argparse.ArgumentParser(
        prog="statusbeam", description="Live, ordered, truthful status of multi-agent jobs on AWS."
    )
    subcommands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    missing = []
    for name in COMMANDS:
        try:
            module = import_module(f".{name}", __package__)
        except ModuleNotFoundError as error:
            missing.append(f"{name.replace('_', '-')} needs {error.name}")
            continue
        module.add_command(subcommands, environ)
    if missing:
        parser.epilog = f"Not installed: {', '.join(missing)}. Install statusbeam[{','.join(EXTRAS)}]."
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Exit code 0 means success or yes, 1 failure or no, 2 wrong arguments."""
    try:
        parsed = build_parser(os.environ).parse_args(arguments)
        code: int = parsed.run(parsed)
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
