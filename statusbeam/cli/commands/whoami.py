"""`statusbeam whoami`: the deployment and the user, and where each setting comes from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..options import OutputFormat, UserOptions
from ..parser import command
from ..plain_text import print_line
from ..records import Output, print_document


def whoami(options: UserOptions, *, output: OutputFormat = Output.TABLE) -> int:
    """Show the deployment and the user that commands use, and where each setting comes from.

    A flag goes before a variable, a variable before the context, the context before the running localcloud.
    """
    from statusbeam.client.connect import identity  # noqa: PLC0415 - --help does without
    from statusbeam.client.contexts import Contexts, config_folder  # noqa: PLC0415 - as above
    from statusbeam.client.errors import TargetError  # noqa: PLC0415 - as above

    target = options.target()
    choice = target.choice
    try:
        found = identity(target, Contexts(config_folder(os.environ)))
        user, tenant, how = found.user, found.tenant, found.how
    except TargetError as error:  # the deployment is useful also without a user
        user, tenant, how = choice.user, choice.tenant, str(error)
    region = choice.region if choice.region.value else None
    document: dict[str, Any] = {
        "deployment": _setting(choice.place.value, choice.place.source),
        "api": _setting(target.output("GraphqlUrl"), "outputs of the deployment"),
        "profile": _setting(choice.profile.value, choice.profile.source),
        "region": _setting(target.session.region_name, region.source if region else "AWS configuration"),
        "user": _setting(user.value, user.source),
        "tenant": _setting(tenant.value, tenant.source),
        "credentials": _setting(how, ""),
    }
    if choice.is_local:
        del document["profile"], document["region"]
    print_document(output, document, _print)
    return 0


def _setting(value: str | None, source: str) -> dict[str, str | None]:
    return {"value": value, "source": source or None}


def _print(document: Mapping[str, Any]) -> None:
    for name, setting in document.items():
        source = f"({setting['source']})" if setting["source"] else ""
        print_line(f"{name:<12} {setting['value'] or '-'} {source}")


COMMAND = command(whoami, examples=("statusbeam whoami", "statusbeam whoami --context prod --output json"))
