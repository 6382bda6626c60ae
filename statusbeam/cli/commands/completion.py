"""`statusbeam completion`: the completion script of a shell."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

from typer import Argument

from ..parser import COMPLETE_VARIABLE, command

PROGRAM = "statusbeam"


def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], Argument(metavar="SHELL", help="bash, zsh or fish")],
) -> int:
    """Print the completion script of a shell.

    The script completes commands, options and their values. The shell's start-up file evaluates it.
    """
    from typer import completion as scripts  # noqa: PLC0415 - here only

    script = scripts.get_completion_script(  # type: ignore[attr-defined]  # re-exported, without saying so
        prog_name=PROGRAM, complete_var=COMPLETE_VARIABLE, shell=shell
    )
    sys.stdout.write(script + "\n")
    return 0


COMMAND = command(
    completion,
    examples=(
        'eval "$(statusbeam completion bash)"    # in ~/.bashrc',
        'eval "$(statusbeam completion zsh)"     # in ~/.zshrc, after compinit',
        "statusbeam completion fish | source     # in ~/.config/fish/config.fish",
    ),
)
