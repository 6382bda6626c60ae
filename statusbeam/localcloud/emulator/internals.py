"""The only module that uses the emulator's internals: keys, IAM decisions, queue polling, streams, sign-ins.

SigV4 can't be verified without the secrets of the sessions that the emulator has issued. The emulator runs in
this process, so this module calls its own resolver and evaluator. Its version is pinned, and
test_internals.py fails when an upgrade moves a name that is used here.
"""

from __future__ import annotations

import contextvars
import importlib
import json
import secrets
from collections.abc import Callable
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, TypeVar

from ..appsync.auth.authenticator import IamCredential

T = TypeVar("T")

GRAPHQL_ACTION = "appsync:GraphQL"


QUEUE_POLL_SECONDS = 0.005
"""The emulator's wait after it has polled an empty queue. Its default of 50 ms delays every status; AWS's
pollers do not wait."""


STREAM_RETENTION_SECONDS = 3_600
"""How long the emulator keeps the records of a table's stream. AWS keeps them for 24 hours. Here they are in
this process's memory, and what reads them runs on this machine, too."""


CONDITIONS_KEPT = 1_000
"""Expressions whose syntax the emulator has checked. Otherwise it checks them again for each item."""


SRP_SECRET_BITS = 256
"""The service's secret number in a sign-in: what RFC 5054, 2.5.3, asks for. The emulator takes one of 3,072
bits. Its powers keep this process from all other work for a tenth of a second at each sign-in."""


def adjust_emulator() -> None:
    """Set the emulator's poll interval, retention and secret numbers, and have it remember what it checked.

    Call it once, after the emulator is imported.
    """
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    functions._ESM_IDLE_WAKE_GAP_SECONDS = QUEUE_POLL_SECONDS
    tables: Any = importlib.import_module("ministack.services.dynamodb")
    tables._STREAM_RETENTION_SECONDS = STREAM_RETENTION_SECONDS
    tables._condition_syntax_error = lru_cache(CONDITIONS_KEPT)(tables._condition_syntax_error)
    users: Any = importlib.import_module("ministack.services.cognito")
    users.secrets = SimpleNamespace(**{**vars(secrets), "randbelow": _srp_secret})


def _srp_secret(below: int) -> int:
    return secrets.randbelow(min(below, 2**SRP_SECRET_BITS))


class UntrustedError(Exception):
    """A service may not assume a role of the deployed stack. The message names both."""


class EmulatorIam:
    """Credentials and policies of one account and region of the emulator in this process."""

    def __init__(self, *, account_id: str, region: str) -> None:
        self._account_id = account_id
        self._region = region
        # Not at the top: the emulator reads os.environ when it is imported, and the server sets it before.
        self._evaluator = importlib.import_module("ministack.core.iam_evaluator")
        self._responses = importlib.import_module("ministack.core.responses")
        self._roles = importlib.import_module("ministack.services.iam")._roles
        self._register_session = importlib.import_module("ministack.services.sts").register_session

    def credential(self, access_key_id: str, session_token: str | None) -> IamCredential | None:
        """The credential of a key. None for an unknown or expired key, or for another `session_token`."""
        if not access_key_id:
            return None  # the emulator takes an empty key for its root
        found = self._call(
            lambda: self._evaluator.resolve_credential(access_key_id, self._account_id, session_token or "")
        )
        if not isinstance(found, self._evaluator.ResolvedCredential):
            return None
        return IamCredential(
            secret_key=found.secret_access_key,
            account_id=found.account_id,
            principal_arn=found.principal_arn,
            principal_id=found.principal_id,
        )

    def may_access_field(
        self, access_key_id: str | None, api_id: str, type_name: str, field_name: str
    ) -> bool:
        """Whether the policies behind the key allow `appsync:GraphQL` on one field of the API."""
        if not access_key_id:
            return False
        resource = (
            f"arn:aws:appsync:{self._region}:{self._account_id}:apis/{api_id}"
            f"/types/{type_name}/fields/{field_name}"
        )
        refusal = self._call(
            lambda: self._evaluator.enforce(access_key_id, GRAPHQL_ACTION, "appsync", self._region, resource)
        )
        return refusal is None

    def session_of(self, role_arn: str, *, service: str) -> dict[str, str]:
        """Credentials of a role that `service` has assumed, as boto3.Session takes them.

        They never expire, like those a service renews by itself. Raises UntrustedError when the role's trust
        policy doesn't name the service.
        """
        role_name = role_arn.rsplit("/", 1)[-1]
        role = self._call(lambda: self._roles.get(role_name))
        if role is None or not _trusts(role.get("AssumeRolePolicyDocument"), service):
            raise UntrustedError(f"The role {role_arn} does not trust {service}.")
        access_key_id = f"ASIA{secrets.token_hex(8).upper()}"
        secret_key, token = secrets.token_hex(32), secrets.token_hex(32)
        session_name = service.partition(".")[0]
        session = {
            "Arn": f"arn:aws:sts::{self._account_id}:assumed-role/{role_name}/{session_name}",
            "UserId": f"{role.get('RoleId', role_name)}:{session_name}",
            "SecretAccessKey": secret_key,
            "SessionToken": token,
        }
        self._call(lambda: self._register_session(access_key_id, session))
        return {
            "aws_access_key_id": access_key_id,
            "aws_secret_access_key": secret_key,
            "aws_session_token": token,
        }

    def _call(self, call: Callable[[], T]) -> T:
        """Call in the account's scope, in a context of its own: the thread may be serving another request."""

        def scoped() -> T:
            with self._responses.request_scope(self._account_id, self._region):
                return call()

        return contextvars.Context().run(scoped)


def _trusts(document: Any, service: str) -> bool:
    policy = json.loads(document) if isinstance(document, str) else document or {}
    return any(
        statement.get("Effect") == "Allow"
        and "sts:AssumeRole" in _listed(statement.get("Action"))
        and service in _listed((statement.get("Principal") or {}).get("Service"))
        for statement in _listed(policy.get("Statement"))
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
