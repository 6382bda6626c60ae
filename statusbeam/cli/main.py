"""The `statusbeam` command: runs the command that the arguments name, and turns errors into exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

NAME = "statusbeam"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code. docs/reference/command.md has the codes."""
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
        if error.code is ExitCode.BROKEN_PIPE:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python reports it at exit
        else:
            print_notice(f"{NAME}: {error}")
        return error.code
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except Exception as error:
        from statusbeam.client.errors import ClientError  # noqa: PLC0415 - as above

        if not isinstance(error, ClientError):
            raise
        print_notice(f"{NAME}: {error}")
        return exit_code_of(error)


def _run(arguments: list[str]) -> int:
    import typer  # noqa: PLC0415 - see main

    from .command import ExitCode  # noqa: PLC0415 - see main
    from .parser import COMPLETE_VARIABLE, missing_package, root  # noqa: PLC0415 - see main
    from .registry import COMMANDS  # noqa: PLC0415 - see main

    if COMPLETE_VARIABLE in os.environ:  # a completion script calls
        from typer import completion  # noqa: PLC0415 - as above

        completion.completion_init()  # type: ignore[attr-defined]  # re-exported, without saying so
    try:
        code = root().main(arguments, prog_name=NAME, complete_var=COMPLETE_VARIABLE, standalone_mode=False)
    except typer.TyperException as error:
        error.show()  # type: ignore[attr-defined]  # those of a wrong call all have it
        return error.exit_code
    except typer.Abort:
        return ExitCode.JOB_FAILED  # the answer to a question was no
    except ModuleNotFoundError as error:  # commands import their modules when they run
        called = [registered for registered in COMMANDS if registered.name in arguments[:1]]
        if not called or (error.name or "").startswith(NAME):
            raise
        raise missing_package(called[0], error) from error
    return int(code or 0)


if __name__ == "__main__":
    sys.exit(main())
