"""`statusbeam login`: signs in at the user pool or the provider of a context."""

from __future__ import annotations

import getpass
import os
import sys
from typing import TYPE_CHECKING, Annotated

from typer import Option

from ..command import CommandError, ExitCode
from ..options import TargetOptions
from ..parser import command
from ..plain_text import print_notice

if TYPE_CHECKING:
    from statusbeam.client.contexts import Login
    from statusbeam.client.oidc import Provider
    from statusbeam.client.target import Target

_IN_TERMINAL = frozenset(("elinks", "links", "lynx", "w3m", "www-browser"))
"""Browsers that draw in this terminal. Few sign-in pages work in them."""


def login(
    options: TargetOptions,
    *,
    username: Annotated[
        str | None,
        Option("--username", metavar="NAME", help="name in the user pool; signs in with a password"),
    ] = None,
    no_browser: Annotated[
        bool, Option("--no-browser", help="print the address of the sign-in, and open no browser")
    ] = False,
    port: Annotated[
        int | None,
        Option(
            "--port",
            min=0,
            max=65_535,
            metavar="PORT",
            help="port of 127.0.0.1 for the provider's answer; 0 is any free one",
        ),
    ] = None,
    fresh: Annotated[
        bool, Option("--fresh", help="have the provider ask who you are, also within its own session")
    ] = False,
) -> int:
    """Sign in to the deployment of a context. Later commands with this context act as this user.

    With an OpenID Connect provider or Cognito's managed login, the command opens your browser. It waits five
    minutes for the provider's answer.

    With a user pool without managed login, the command asks for name, password and code. In a pipe, each is a
    line of stdin. It proves the password without sending it.

    The command stores the tokens with the contexts, readable by you only, and renews them.
    """
    from statusbeam.client.claims import user_and_tenant  # noqa: PLC0415 - --help does without
    from statusbeam.client.contexts import Contexts, config_folder  # noqa: PLC0415 - as above
    from statusbeam.client.errors import TargetError  # noqa: PLC0415 - as above
    from statusbeam.client.oidc import provider_of  # noqa: PLC0415 - as above

    target = options.target()
    context = target.choice.place_context
    if context is None:
        raise CommandError(
            "a login belongs to a context: add one with `statusbeam context add`, or name it with --context.",
            ExitCode.WRONG_CALL,
        )
    provider = None if username else provider_of(target)
    if provider is not None:
        kept = _with_browser(provider, port=port, opens=not no_browser, is_fresh=fresh)
    elif no_browser or fresh or port is not None:
        raise CommandError(
            "--no-browser, --port and --fresh are for a sign-in with a browser; this one is with a password.",
            ExitCode.WRONG_CALL,
        )
    else:
        kept = _with_password(target, username or _ask("Username", False))
    try:
        user, tenant = user_and_tenant(
            kept.id_token, user_claim=target.user_claim, tenant_claims=target.tenant_claims
        )
    except TargetError as error:
        raise CommandError(
            f"{kept.username} has no access to this deployment: {error} An administrator must add it.",
            ExitCode.NOT_ALLOWED,
        ) from error
    Contexts(config_folder(os.environ)).save_login(context, kept)
    print_notice(
        f"Signed in to the context {context} as {kept.username}: the user {user} of the tenant {tenant}."
    )
    return 0


def _with_password(target: Target, name: str) -> Login:
    from statusbeam.client.logins import sign_in  # noqa: PLC0415 - --help does without

    return sign_in(target, name, _ask("Password", True), _ask)


def _with_browser(provider: Provider, *, port: int | None, opens: bool, is_fresh: bool) -> Login:
    from statusbeam.client.loopback import Loopback  # noqa: PLC0415 - --help does without
    from statusbeam.client.oidc import sign_in_with_browser  # noqa: PLC0415 - as above
    from statusbeam.model.settings import LOGIN_PORTS  # noqa: PLC0415 - as above

    def show(address: str) -> None:
        print_notice(f"Sign in at {provider.host}: {address}")
        if opens and not _opened(address):
            print_notice("No browser could be opened here: open the address in one on this machine.")

    with Loopback(LOGIN_PORTS if port is None else (port,)) as answers:
        return sign_in_with_browser(provider, answers, show, is_fresh=is_fresh)


def _opened(address: str) -> bool:
    import webbrowser  # noqa: PLC0415 - --help does without

    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    return browser.name not in _IN_TERMINAL and browser.open(address)


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


COMMAND = command(
    login,
    examples=(
        "statusbeam login",
        "statusbeam login --context prod --username ana",
        "statusbeam login --no-browser --port 28751",
    ),
)
