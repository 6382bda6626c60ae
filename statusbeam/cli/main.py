"""The `statusbeam` command: runs the command that the arguments name, and turns errors into exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .command import ExitCode

NAME = "statusbeam"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code. docs/command.md has the codes."""
    try:
        import typer  # noqa: F401, PLC0415 - a plain installation has the library only
    except ModuleNotFoundError:
        sys.stderr.write("statusbeam: the command needs more packages: pip install 'statusbeam[cli]'.\n")
        return 2
    from .command import CommandError, ExitCode, exit_code_of  # noqa: PLC0415 - typer comes first
    from .plain_text import print_notice  # noqa: PLC0415 - as above

    try:
        return _run(list(sys.argv[1:] if arguments is None else arguments))
    except CommandError as error:
        print_notice(f"{NAME}: {error}")
        return error.code
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python reports an error at exit
        return ExitCode.BROKEN_PIPE
    except Exception as error:
        from statusbeam.client.errors import ClientError  # noqa: PLC0415 - as above

        if not isinstance(error, ClientError):
            raise
        print_notice(f"{NAME}: {error}")
        return exit_code_of(error)


def _run(arguments: list[str]) -> int | ExitCode:
    from .parser import root  # noqa: PLC0415 - see main

    code = root().main(arguments, prog_name=NAME, standalone_mode=False)
    return int(code or 0)


if __name__ == "__main__":
    sys.exit(main())
