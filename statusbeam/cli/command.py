"""Shared by all subcommands: flags with environment variables, argument types, and the error for users."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

# argparse has no public name for the result of add_subparsers.
Subcommands = Any


class CommandError(Exception):
    """The command failed. The command line prints the message, and the exit code is 1."""


def add_flag(
    parser: argparse.ArgumentParser,
    flag: str,
    environ: Mapping[str, str],
    *,
    default: str,
    help: str,  # noqa: A002 - argparse's own word
    type: Callable[[str], Any] = str,  # noqa: A002
) -> None:
    """Add `--some-flag`, whose default the variable STATUSBEAM_SOME_FLAG can set. `--help` shows both."""
    variable = "STATUSBEAM_" + flag.removeprefix("--").replace("-", "_").upper()
    parser.add_argument(
        flag,
        type=type,
        default=environ.get(variable) or default,  # argparse converts a default that is a string
        help=f"{help} [variable {variable}, default {default}]",
    )


def port_number(text: str) -> int:
    """A TCP port; 0 stands for any free port. Raises argparse.ArgumentTypeError."""
    if not (text.isascii() and text.isdigit() and int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"must be a port from 0 to 65535, not {text!r}")
    return int(text)
