"""What subcommands share: their place in the parser, flags with variables, a failure of one sentence."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

# argparse gives what add_subparsers returns no public name.
Subcommands = Any


class CommandError(Exception):
    """The command could not do its work. The message is printed as it is, and the exit code is 1."""


def add_flag(
    parser: argparse.ArgumentParser,
    flag: str,
    environ: Mapping[str, str],
    *,
    default: str,
    help: str,  # noqa: A002 - argparse's own word
    type: Callable[[str], Any] = str,  # noqa: A002
) -> None:
    """Add `--some-flag`, whose default the variable STATUSBEAM_SOME_FLAG may set; `--help` shows both."""
    variable = "STATUSBEAM_" + flag.removeprefix("--").replace("-", "_").upper()
    parser.add_argument(
        flag,
        type=type,
        default=environ.get(variable) or default,  # argparse converts a default that is a string
        help=f"{help} [variable {variable}, default {default}]",
    )


def port_number(text: str) -> int:
    """A TCP port, 0 for any free one. Raises argparse.ArgumentTypeError."""
    if not (text.isascii() and text.isdigit() and int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"must be a port from 0 to 65535, not {text!r}")
    return int(text)
