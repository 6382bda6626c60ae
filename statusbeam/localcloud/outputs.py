"""The names and URLs of a running localcloud: `.local/outputs.json`, typed.

Attributes are snake_case, the file's names are the same in camelCase: `graphql_url` is `graphqlUrl`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self


class OutputsError(Exception):
    """The outputs file is missing or has another form: localcloud is not running, or has another version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoUser:
    """A user made at `up`. `user_id` is Cognito's `sub`; the password is new at every `up`."""

    username: str
    password: str = field(repr=False)
    user_id: str
    tenant_id: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalOutputs:
    """Everything here is served on 127.0.0.1.

    `api_key` reads the tenant `public`; it is empty if the app's API has no key. `state_machine_arn` is the
    example's; it is empty if the app is not the built-in one. `stacks` has the outputs of each stack. Readers
    sign in with the user pool, or with the provider at `oidc_issuer`: then there is no pool, and no demo
    user.
    """

    graphql_url: str
    realtime_url: str
    region: str
    api_key: str = field(repr=False)
    user_pool_id: str | None = None
    user_pool_client_id: str | None = None
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    state_machine_arn: str
    street_fair_arn: str
    publisher_function_arn: str
    status_table: str
    user_sessions_table: str
    dashboard_url: str
    bridge_url: str
    aws_endpoint_url: str
    demo_users: tuple[DemoUser, ...]
    api_id: str
    view_token_secret_arn: str
    view_token_audience: str
    dead_letter_queue_url: str
    status_transport: str
    status_queue_url: str
    status_dead_letter_queue_url: str
    ca_certificate: str
    stacks: Mapping[str, Mapping[str, str]]

    def to_json(self) -> dict[str, Any]:
        """The file's content: strings or null, and `demoUsers` as a list of objects."""
        document = _in_camel_case(asdict(self))
        document["demoUsers"] = [_in_camel_case(asdict(user)) for user in self.demo_users]
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The outputs in a decoded file. Ignores unknown names. Raises OutputsError."""
        try:
            values = {f.name: document[_camel(f.name)] for f in fields(cls)}
            users = tuple(_user(user) for user in values.pop("demo_users"))
        except (KeyError, TypeError) as error:
            raise OutputsError(f"the outputs file lacks {error}, or it has the wrong type") from error
        return cls(**values, demo_users=users)

    def write(self, path: Path) -> None:
        """Write the file in one step, readable by the user only: it holds the demo users' passwords."""
        draft = path.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(self.to_json(), file, indent=2)
            file.write("\n")
        draft.replace(path)


def read_outputs(path: Path) -> LocalOutputs:
    """The outputs of the localcloud that runs or ran here. Raises OutputsError."""
    try:
        document = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise OutputsError(f"{path} does not exist: run `statusbeam local up` first") from error
    except ValueError as error:
        raise OutputsError(f"{path} is not JSON") from error
    if not isinstance(document, dict):
        raise OutputsError(f"{path} is not a JSON object")
    return LocalOutputs.from_json(document)


def _user(document: Mapping[str, Any]) -> DemoUser:
    values = {f.name: document[_camel(f.name)] for f in fields(DemoUser)}
    return DemoUser(**{**values, "roles": tuple(values["roles"])})


def _in_camel_case(values: Mapping[str, Any]) -> dict[str, Any]:
    return {_camel(name): value for name, value in values.items()}


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)
