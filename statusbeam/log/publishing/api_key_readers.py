"""Warns of tenants whose statuses no reader with an API key sees.

An API key carries no user and no tenant: its holders see one tenant. Without the warning, a client with a key
would wait for statuses of another tenant and find no reason.
"""

from __future__ import annotations

import logging
from typing import Final

from statusbeam.model.bounded import Bounded
from statusbeam.model.limits import JOBS_REMEMBERED

TENANT_HIDDEN_FROM_API_KEY: Final = "tenant_hidden_from_api_key"
"""The warning's name in the publisher's logs."""

_log = logging.getLogger(__name__)


class ApiKeyReaders:
    """The holders of an API's key, who see `tenant_id`. Each process warns once of each other tenant."""

    def __init__(self, tenant_id: str) -> None:
        self._tenant_id = tenant_id
        self._warned: Bounded[str, bool] = Bounded(JOBS_REMEMBERED)

    def check(self, tenant_id: str) -> None:
        """Warn if these readers do not see the tenant."""
        if tenant_id == self._tenant_id or tenant_id in self._warned:
            return
        self._warned[tenant_id] = True
        _log.warning(
            "tenant_id=<%s>, warning=<%s> | readers with the API key see the tenant %s only",
            tenant_id,
            TENANT_HIDDEN_FROM_API_KEY,
            self._tenant_id,
        )
