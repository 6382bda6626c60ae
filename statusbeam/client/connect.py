"""Chooses a deployment and a user, and connects."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from statusbeam.model.limits import VIEW_TOKEN_SECONDS

from .api import Api, FixedToken, Tokens
from .claims import user_and_tenant
from .contexts import Contexts, config_folder
from .deployment import Deployment
from .errors import TargetError
from .logins import LoginTokens
from .target import Flags, Setting, Target, choose
from .view_tokens import ViewTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The user of a call, and the source of this choice."""

    user: Setting
    tenant: Setting
    how: str
    tokens: Tokens


def identity(target: Target, contexts: Contexts, *, token_seconds: int = VIEW_TOKEN_SECONDS) -> Identity:
    """The user of a call. Raises ClientError.

    `token_seconds` is the lifetime of a view token that is issued for it.
    The order: flag, token variable, variable, login of the context, user of the context, demo user.
    """
    choice = target.choice
    user = choice.user
    if user.value and user.source == "--user":
        return _issued(target, token_seconds)
    if choice.token.value is not None:
        return _of_token(target, choice.token.value, choice.token.source, FixedToken(choice.token.value))
    if user.value and not user.source.startswith("context"):
        return _issued(target, token_seconds)
    context = choice.place_context
    if context is not None and contexts.login(context) is not None:
        tokens = LoginTokens(target, contexts, context)
        return _of_token(target, tokens.token(), f"login of context {context}", tokens)
    if user.value or choice.is_local:
        return _issued(target, token_seconds)
    raise TargetError("no user: run `statusbeam login`, name --user and --tenant, or set STATUSBEAM_TOKEN.")


def connect(
    flags: Flags = Flags(),  # noqa: B008 - frozen
    environ: Mapping[str, str] | None = None,
) -> Deployment:
    """The deployment that flags, environment and contexts choose, as its user sees it. Raises ClientError."""
    environ = os.environ if environ is None else environ
    contexts = Contexts(config_folder(environ))
    return deployment(Target(choose(flags, environ, contexts)), contexts)


def deployment(target: Target, contexts: Contexts, *, token_seconds: int = VIEW_TOKEN_SECONDS) -> Deployment:
    """The deployment of a target. Raises ClientError."""
    found = identity(target, contexts, token_seconds=token_seconds)
    api = Api(target.output("GraphqlUrl"), found.tokens)
    return Deployment(api, str(found.user.value), str(found.tenant.value))


def _of_token(target: Target, token: str, source: str, tokens: Tokens) -> Identity:
    user, tenant = user_and_tenant(token, user_claim=target.user_claim, tenant_claims=target.tenant_claims)
    return Identity(user=Setting(user, source), tenant=Setting(tenant, source), how=source, tokens=tokens)


def _issued(target: Target, seconds: int) -> Identity:
    user, tenant = target.choice.user, target.choice.tenant
    if target.choice.is_local and not tenant.value:
        user, tenant = _demo_user(target)
    if not user.value or not tenant.value:
        raise TargetError("--user and --tenant require each other.")
    tokens = ViewTokens(target, user.value, tenant.value, seconds=seconds)
    return Identity(user=user, tenant=tenant, how="a view token", tokens=tokens)


def _demo_user(target: Target) -> tuple[Setting, Setting]:
    """On localcloud, a demo user's name selects the ids of the user and of the tenant."""
    users, name = target.local["demoUsers"], target.choice.user.value
    source = target.choice.user.source
    if name is None:
        source = "localcloud's demo user"
        found = next(user for user in users if "operator" not in user["roles"])
    else:
        found = next((user for user in users if name in (user["username"], user["userId"])), None)
    if found is None:
        known = ", ".join(user["username"] for user in users)
        raise TargetError(
            f"there is no demo user {name}: the demo users are {known}. Other users need --tenant."
        )
    return Setting(found["userId"], source), Setting(found["tenantId"], source)
