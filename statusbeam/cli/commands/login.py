"""`statusbeam login`: signs in at the user pool of a context."""

from __future__ import annotations

import getpass
import os
import sys
from typing import Annotated

from typer import Option

from ..command import CommandError, ExitCode
from ..options import TargetOptions
from ..parser import command
from ..plain_text import print_notice


def login(
    options: TargetOptions,
    *,
    username: Annotated[
        str | None, Option("--username", metavar="NAME", help="name in the user pool")
    ] = None,
) -> int:
    """Sign in at the user pool of a context. Later commands with this context act as this user.

    The command asks for name, password and code; in a pipe, each is a line of stdin. It proves the password
    without sending it. It stores the tokens with the contexts, readable by you only. With another identity
    provider, put its token into STATUSBEAM_TOKEN.
    """
    from statusbeam.client.claims import user_and_tenant  # noqa: PLC0415 - --help does without
    from statusbeam.client.contexts import Contexts, config_folder  # noqa: PLC0415 - as above
    from statusbeam.client.logins import sign_in  # noqa: PLC0415 - as above

    target = options.target()
    context = target.choice.place_context
    if context is None:
        raise CommandError(
            "a login belongs to a context: add one with `statusbeam context add`, or name it with --context.",
            ExitCode.WRONG_CALL,
        )
    name = username or _ask("Username", False)
    kept = sign_in(target, name, _ask("Password", True), _ask)
    Contexts(config_folder(os.environ)).save_login(context, kept)
    user, tenant = user_and_tenant(kept.id_token, user_claim=target.user_claim)
    print_notice(f"Signed in to the context {context} as {name}: the user {user} of the tenant {tenant}.")
    return 0


def _ask(prompt: str, is_secret: bool) -> str:
    if not sys.stdin.isatty():
        answer = sys.stdin.readline().rstrip("\n")
    elif is_secret:
        answer = getpass.getpass(f"{prompt}: ", stream=sys.stderr)
    else:
        sys.stderr.write(f"{prompt}: ")
        sys.stderr.flush()
        answer = sys.stdin.readline().rstrip("\n")
    if not answer:
        raise CommandError(f"no {prompt.lower()} was given.", ExitCode.WRONG_CALL)
    return answer


COMMAND = command(login, examples=("statusbeam login", "statusbeam login --context prod --username ana"))
