"""`statusbeam context`: deployments under names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from ..command import CommandError, ExitCode
from ..options import OutputFormat
from ..parser import group
from ..plain_text import print_line
from ..records import Output, Stream

if TYPE_CHECKING:
    from statusbeam.client.contexts import Contexts

Name = Annotated[str, Argument(metavar="NAME", help="name of the context")]


def _contexts() -> Contexts:
    from statusbeam.client.contexts import Contexts, config_folder  # noqa: PLC0415 - --help does without

    return Contexts(config_folder(os.environ))


def _add(
    name: Name,
    *,
    local: Annotated[bool, Option("--local", help="the running localcloud")] = False,
    stack: Annotated[
        str | None, Option("--stack", metavar="NAME", help="status stack, as cdk deploy prints it")
    ] = None,
    profile: Annotated[str | None, Option("--profile", metavar="NAME", help="AWS profile")] = None,
    region: Annotated[str | None, Option("--region", metavar="NAME", help="AWS region")] = None,
    user: Annotated[str | None, Option("--user", metavar="ID", help="user of the commands")] = None,
    tenant: Annotated[str | None, Option("--tenant", metavar="ID", help="tenant of the user")] = None,
) -> int:
    """Add a context, or replace the one of this name. The first one is used at once."""
    from statusbeam.client.contexts import Context  # noqa: PLC0415 - as above

    if local == bool(stack):
        raise CommandError("a context needs either --stack or --local.", ExitCode.WRONG_CALL)
    contexts = _contexts()
    contexts.add(
        name,
        Context(local=local, stack=stack, profile=profile, region=region, user=user, tenant=tenant),
    )
    print_line(f"Added the context {name} to {contexts.path}. In use: {contexts.current()}.")
    return 0


def _list(*, output: OutputFormat = Output.TABLE) -> int:
    """List the contexts. The one in use has a star."""
    contexts = _contexts()
    with Stream(output, _print) as stream:
        for name in contexts.names():
            context = contexts.get(name)
            stream.add(
                {
                    "name": name,
                    "current": name == contexts.current(),
                    "local": context.local,
                    "stack": context.stack,
                    "profile": context.profile,
                    "region": context.region,
                    "user": context.user,
                    "tenant": context.tenant,
                    "loggedIn": contexts.login(name) is not None,
                }
            )
    return 0


def _print(document: object) -> None:
    shown = dict(document)  # type: ignore[call-overload]  # a document
    place = "localcloud" if shown["local"] else shown["stack"]
    named = (shown[name] for name in ("profile", "region", "user", "tenant") if shown[name])
    print_line("*" if shown["current"] else "-", shown["name"], place, *named)


def _use(name: Name) -> int:
    """Use a context from now on."""
    _contexts().use(name)
    print_line(f"In use: {name}.")
    return 0


def _remove(name: Name) -> int:
    """Remove a context and its login."""
    _contexts().remove(name)
    print_line(f"Removed the context {name}.")
    return 0


COMMAND = group(
    "Keep deployments under names, in ~/.config/statusbeam/config.toml.",
    {"add": _add, "list": _list, "use": _use, "remove": _remove},
    examples=(
        "statusbeam context add dev --stack Dev-Status --profile work --region eu-west-1",
        "statusbeam context list",
        "statusbeam context use dev",
        "statusbeam context remove dev",
    ),
)
