"""Creates the demo users in the Cognito pool: two tenants, each with two viewers and an operator."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from statusbeam.model.settings import OPERATOR_GROUP, TENANT_ATTRIBUTE

from .outputs import DemoUser

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

VIEWER_GROUP = "viewer"
PASSWORD_LENGTH = 20
# All kinds that a Cognito password policy can require. The symbols need no quoting in a shell or a URL.
_ALPHABETS = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.")


@dataclass(frozen=True, slots=True)
class _Person:
    username: str
    tenant_id: str
    group: str


PEOPLE = tuple(
    _Person(username=name, tenant_id=tenant, group=group)
    for tenant, viewers in (("riverton", ("ana", "ben")), ("lakeside", ("cleo", "dan")))
    for name, group in (
        *((viewer, VIEWER_GROUP) for viewer in viewers),
        (f"{tenant}-operator", OPERATOR_GROUP),
    )
)


def new_password() -> str:
    """A random password that has every kind of character."""
    required = [secrets.choice(alphabet) for alphabet in _ALPHABETS]
    rest = [secrets.choice("".join(_ALPHABETS)) for _ in range(PASSWORD_LENGTH - len(required))]
    characters = required + rest
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)


def create_demo_users(
    cognito: CognitoIdentityProviderClient,
    user_pool_id: str,
    *,
    generate_password: Callable[[], str] = new_password,
) -> tuple[DemoUser, ...]:
    """Create all users in an empty pool, each with its own permanent password. Names are ids there."""
    return tuple(_create(cognito, user_pool_id, person, generate_password()) for person in PEOPLE)


def _create(
    cognito: CognitoIdentityProviderClient, user_pool_id: str, person: _Person, password: str
) -> DemoUser:
    cognito.admin_create_user(
        UserPoolId=user_pool_id,
        Username=person.username,
        UserAttributes=[
            {"Name": "email", "Value": f"{person.username}@example.com"},
            {"Name": "email_verified", "Value": "true"},
            {"Name": TENANT_ATTRIBUTE, "Value": person.tenant_id},
        ],
        MessageAction="SUPPRESS",
    )
    cognito.admin_set_user_password(
        UserPoolId=user_pool_id, Username=person.username, Password=password, Permanent=True
    )
    cognito.admin_add_user_to_group(UserPoolId=user_pool_id, Username=person.username, GroupName=person.group)
    return DemoUser(
        username=person.username,
        password=password,
        user_id=person.username,
        tenant_id=person.tenant_id,
        roles=(person.group,),
    )
