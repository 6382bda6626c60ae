"""Shared by all commands: exit codes, and the error for users."""

from __future__ import annotations

from enum import IntEnum

from statusbeam.client.errors import (
    ClientError,
    NotFoundError,
    RefusedError,
    TargetError,
    UnreachableError,
)


class ExitCode(IntEnum):
    """What the command's exit code means. docs/reference/command.md has the table."""

    DONE = 0
    JOB_FAILED = 1  # or cancelled; also the answer `no` to a command's question
    WRONG_CALL = 2
    GAP = 3  # statuses are missing for good, with --strict
    NOT_ALLOWED = 4
    NOT_FOUND = 5
    OUT_OF_REACH = 6
    TIMEOUT = 124  # as of timeout(1)
    INTERRUPTED = 130  # a shell's exit code after Ctrl-C
    BROKEN_PIPE = 141  # a shell's exit code after SIGPIPE


class CommandError(Exception):
    """The command failed. The command line prints the message and ends with the code."""

    def __init__(self, message: str, code: ExitCode = ExitCode.JOB_FAILED) -> None:
        super().__init__(message)
        self.code = code


def exit_code_of(error: CommandError | ClientError) -> ExitCode:
    """The exit code for an error that ended the command."""
    match error:
        case CommandError():
            return error.code
        case TargetError():
            return ExitCode.WRONG_CALL
        case RefusedError():
            return ExitCode.NOT_ALLOWED
        case NotFoundError():
            return ExitCode.NOT_FOUND
        case UnreachableError():
            return ExitCode.OUT_OF_REACH
        case _:
            return ExitCode.JOB_FAILED
