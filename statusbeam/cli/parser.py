"""Typer commands in the form of this command: plain help with examples, and options in groups.

A parameter that is a dataclass stands for its fields: each is an option.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from importlib import import_module
from typing import Any, get_type_hints

import typer
from typer import core
from typer.core import TyperCommand, TyperGroup

from .command import CommandError, ExitCode
from .registry import COMMANDS, Registered

WIDTH = 100
"""The width of the help: the same in every terminal, so that tests can compare it."""
COMPLETE_VARIABLE = "_STATUSBEAM_COMPLETE"
"""The variable with which a completion script calls the command."""
_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": WIDTH, "terminal_width": WIDTH}


class _ExamplesMixin:
    epilog: str | None

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - typer's signature
        """Write the examples, a line each."""
        if self.epilog:
            with formatter.section("Examples"):
                formatter.write("".join(f"  {line}\n" for line in self.epilog.splitlines()))


class _Command(_ExamplesMixin, TyperCommand):
    """A command with examples."""


class _Group(_ExamplesMixin, TyperGroup):
    """A command with actions."""


class RootGroup(TyperGroup):
    """`statusbeam` itself. It imports a command's module when the command is called."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        """All names."""
        return [registered.name for registered in COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - typer's signature
        """The command, or None for an unknown name. Raises CommandError if its packages are missing."""
        found = next((registered for registered in COMMANDS if registered.name == cmd_name), None)
        return None if found is None else load(found)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """The names that a shell offers. Typer's own method imports every command for its help."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        found = [each for each in COMMANDS if each.name.startswith(incomplete)]
        item: Any = core.CompletionItem  # type: ignore[attr-defined]  # re-exported, without saying so
        return [item(each.name, help=each.summary) for each in found]

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - typer's signature
        """Write the summaries by section."""
        for section in dict.fromkeys(registered.section for registered in COMMANDS):
            with formatter.section(section):
                formatter.write_dl(
                    [(each.name, each.summary) for each in COMMANDS if each.section == section], col_max=16
                )


def root() -> Any:
    """The whole command."""
    app = typer.Typer(
        cls=RootGroup,
        add_completion=False,
        rich_markup_mode=None,
        context_settings=_SETTINGS,
        no_args_is_help=True,
        help="Live, ordered, truthful status of multi-agent jobs on AWS.",
    )
    app.callback()(_root)
    return typer.main.get_command(app)


def _root() -> None:
    """Does nothing: Typer needs a function for the options before a command."""


def load(registered: Registered) -> Any:
    """A command's Typer object. Raises CommandError if a package that it needs is missing."""
    try:
        return import_module(f".commands.{registered.module}", __package__).COMMAND
    except ModuleNotFoundError as error:
        raise missing_package(registered, error) from error


def missing_package(registered: Registered, error: ModuleNotFoundError) -> CommandError:
    """The error for a command whose packages are not installed."""
    return CommandError(
        f"{registered.name} needs {error.name}: pip install 'statusbeam[{registered.extras}]'.",
        ExitCode.WRONG_CALL,
    )


def command(function: Callable[..., int], *, examples: Sequence[str]) -> Any:
    """The command that calls a function. Its docstring is the help, its return value the exit code."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    name = function.__name__.replace("_", "-")
    app.command(name, cls=_Command, epilog="\n".join(examples), context_settings=_SETTINGS)(
        expanded(function)
    )
    return typer.main.get_command(app)


def group(summary: str, actions: Mapping[str, Callable[..., int]], *, examples: Sequence[str]) -> Any:
    """A command with actions, each a function."""
    app = typer.Typer(
        cls=_Group,
        add_completion=False,
        rich_markup_mode=None,
        help=summary,
        epilog="\n".join(examples),
        context_settings=_SETTINGS,
        no_args_is_help=True,
    )
    app.callback()(_root)
    for name, function in actions.items():
        own = [example for example in examples if f" {name}" in example]
        app.command(name, cls=_Command, epilog="\n".join(own), context_settings=_SETTINGS)(expanded(function))
    return typer.main.get_command(app)


def expanded(function: Callable[..., int]) -> Callable[..., int]:
    """The function with the fields of its dataclass parameters as parameters of its own."""
    groups: dict[str, type[Any]] = {}
    parameters: list[inspect.Parameter] = []
    hints = get_type_hints(function, include_extras=True)
    for name, parameter in inspect.signature(function).parameters.items():
        kind = hints[name]
        if is_dataclass(kind) and isinstance(kind, type):
            groups[name] = kind
            parameters += _options_of(kind)
        else:
            parameters.append(parameter.replace(annotation=kind, kind=inspect.Parameter.KEYWORD_ONLY))

    def call(**values: Any) -> int:
        for name, kind in groups.items():
            values[name] = kind(**{f.name: values.pop(f.name) for f in fields(kind)})
        try:
            return function(**values)
        except BrokenPipeError as error:  # typer would end the process with 1
            raise CommandError("the reader of the output has closed it.", ExitCode.BROKEN_PIPE) from error

    call.__name__, call.__doc__ = function.__name__, function.__doc__
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what inspect reads
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return call


def _options_of(kind: type[Any]) -> list[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            f.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if f.default is MISSING else f.default,
            annotation=hints[f.name],
        )
        for f in fields(kind)
    ]
