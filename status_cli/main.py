"""The `statusbeam` command. Each subcommand is a module with `add_command`, listed in COMMANDS."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence

from status_cli import demo, end_sessions, local, redrive_log, soak, token
from status_cli.command import CommandError, Subcommands

COMMANDS: tuple[Callable[[Subcommands, Mapping[str, str]], None], ...] = (
    demo.add_command,
    end_sessions.add_command,
    local.add_command,
    redrive_log.add_command,
    soak.add_command,
    token.add_command,
)


def build_parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    """The parser of all subcommands; `environ` gives the defaults of flags that have a variable."""
    parser = argparse.ArgumentParser(
        prog="statusbeam", description="Live, ordered, truthful status of multi-agent jobs on AWS."
    )
    subcommands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for add_command in COMMANDS:
        add_command(subcommands, environ)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; exit code 0 for yes and done, 1 for no and failed, 2 for a wrong call."""
    try:
        parsed = build_parser(os.environ).parse_args(arguments)
        code: int = parsed.run(parsed)
    except CommandError as error:
        print(f"statusbeam: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130  # what a shell expects after Ctrl-C
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains at its end
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
