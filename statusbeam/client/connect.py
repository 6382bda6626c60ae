"""Chooses a deployment and a user, and connects."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

from .api import Api, FixedToken, Tokens
from .claims import user_and_tenant
from .contexts import Contexts, config_folder
from .deployment import Deployment
from .errors import TargetError
from .logins import LoginTokens
from .target import Choice, Flags, Setting, Target, choose
from .view_tokens import ViewTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whom a call asks as, and where that comes from."""

    user: Setting
    tenant: Setting
    how: str
    tokens: Tokens


def identity(target: Target, contexts: Contexts) -> Identity:
    """The user of a call: flag > token variable > variable > context > demo user. Raises ClientError."""
    choice = _with_demo_user(target)
    if choice.user.value and (choice.user.source == "--user" or choice.token.value is None):
        login = choice.place_context
        if not choice.user.source.startswith("context") or not (login and contexts.login(login)):
            return _issued(target, choice)
    if choice.token.value is not None:
        user, tenant = user_and_tenant(choice.token.value)
        source = choice.token.source
        how = f"the token in {source}"
        tokens = FixedToken(choice.token.value)
        return Identity(user=Setting(user, source), tenant=Setting(tenant, source), how=how, tokens=tokens)
    context = choice.place_context
    if context is not None and contexts.login(context) is not None:
        logged_in = LoginTokens(target, contexts, context)
        user, tenant = user_and_tenant(logged_in.token())
        source = f"login of context {context}"
        return Identity(
            user=Setting(user, source), tenant=Setting(tenant, source), how=source, tokens=logged_in
        )
    raise TargetError(
        "nobody to ask as: run `statusbeam login`, name --user and --tenant, or set STATUSBEAM_TOKEN."
    )


def connect(
    flags: Flags = Flags(),  # noqa: B008 - frozen
    environ: Mapping[str, str] | None = None,
) -> Deployment:
    """The deployment that flags, environment and contexts choose, as its user sees it. Raises ClientError."""
    environ = os.environ if environ is None else environ
    contexts = Contexts(config_folder(environ))
    return deployment(Target(choose(flags, environ, contexts)), contexts)


def deployment(target: Target, contexts: Contexts) -> Deployment:
    """The deployment of a target. Raises ClientError."""
    found = identity(target, contexts)
    api = Api(target.output("GraphqlUrl"), found.tokens)
    return Deployment(api, str(found.user.value), str(found.tenant.value))


def _issued(target: Target, choice: Choice) -> Identity:
    user, tenant = choice.user.value, choice.tenant.value
    if not user or not tenant:
        raise TargetError("--user and --tenant require each other.")
    return Identity(
        user=choice.user, tenant=choice.tenant, how="a view token", tokens=ViewTokens(target, user, tenant)
    )


def _with_demo_user(target: Target) -> Choice:
    """On localcloud, a demo user's name stands for the ids of the user and of the tenant."""
    choice = target.choice
    if not choice.is_local or choice.tenant.value or (choice.token.value and not choice.user.value):
        return choice
    users = target.local["demoUsers"]
    name = choice.user.value
    if name is None:
        found = next(user for user in users if "operator" not in user["roles"])
        source = "localcloud's demo user"
    else:
        source = choice.user.source
        found = next((user for user in users if name in (user["username"], user["userId"])), None)
    if found is None:
        known = ", ".join(user["username"] for user in users)
        raise TargetError(
            f"there is no demo user {name}: the demo users are {known}. Other users need --tenant."
        )
    return replace(choice, user=Setting(found["userId"], source), tenant=Setting(found["tenantId"], source))
