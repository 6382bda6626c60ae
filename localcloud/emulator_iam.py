"""The one file that reads the emulator's inside: secret keys of the roles it hands out, and IAM decisions.

Only the emulator knows the secrets of the sessions it issued, and SigV4 cannot be checked without
them. It runs in this process, so its own resolver and evaluator are asked. Its version is pinned, and
tests/unit/test_emulator_iam.py fails when an upgrade moves what is used here.
"""

from __future__ import annotations

import contextvars
import importlib
from collections.abc import Callable
from typing import TypeVar

from localcloud.appsync.auth import IamCredential

T = TypeVar("T")

GRAPHQL_ACTION = "appsync:GraphQL"


class EmulatorIam:
    """Credentials and policies of one account and region of the emulator in this process."""

    def __init__(self, *, account_id: str, region: str) -> None:
        self._account_id = account_id
        self._region = region
        # Not at the top: the emulator reads os.environ while it is imported, which must be in order by then.
        self._evaluator = importlib.import_module("ministack.core.iam_evaluator")
        self._responses = importlib.import_module("ministack.core.responses")

    def credential(self, access_key_id: str, session_token: str | None) -> IamCredential | None:
        """What the key stands for; None when it is unknown, expired or `session_token` isn't its own."""
        if not access_key_id:
            return None  # the emulator takes an empty key for its root
        found = self._ask(
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
        refusal = self._ask(
            lambda: self._evaluator.enforce(access_key_id, GRAPHQL_ACTION, "appsync", self._region, resource)
        )
        return refusal is None

    def _ask(self, question: Callable[[], T]) -> T:
        """Ask in the account's scope, and outside of whatever request the calling thread may be serving."""

        def scoped() -> T:
            with self._responses.request_scope(self._account_id, self._region):
                return question()

        return contextvars.Context().run(scoped)
