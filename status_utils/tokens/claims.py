"""The claims of a view token: sub, tenant, aud, iat, nbf, exp, and jobs for a token of certain jobs.

>>> read_claims({"sub": "ana", "tenant": "city", "nbf": 100, "exp": 160}).user_id
'ana'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from statusbeam.model.errors import InvalidStatusError, ViewTokenError
from statusbeam.model.limits import (
    CLOCK_SKEW_SECONDS,
    ID_LENGTH,
    VIEW_TOKEN_JOBS,
    VIEW_TOKEN_SECONDS_MAX,
)
from statusbeam.model.validation import identifier

_OWNER: Final = identifier(ID_LENGTH, forbidden="#")
_JOB: Final = identifier(ID_LENGTH, forbidden=",")  # the resolvers get the jobs as one comma-separated text


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewClaims:
    """What a verified view token permits: reading one user's jobs, or only `job_ids` if these are given."""

    user_id: str
    tenant_id: str
    job_ids: tuple[str, ...] | None
    issued_at: int  # epoch seconds
    not_before: int  # epoch seconds
    expires_at: int  # epoch seconds

    def require_valid_at(self, now: float) -> None:
        """Check the token's times. The end is exact; its beginning allows for clocks that differ.

        Raises ViewTokenError.
        """
        if self.expires_at - self.issued_at > VIEW_TOKEN_SECONDS_MAX:
            problem = f"a view token is valid for at most {VIEW_TOKEN_SECONDS_MAX} seconds"
            raise ViewTokenError(problem, code="bad_claims")
        if now >= self.expires_at:
            raise ViewTokenError("the view token has expired", code="expired")
        if now + CLOCK_SKEW_SECONDS < max(self.not_before, self.issued_at):
            raise ViewTokenError("the view token is not valid yet", code="not_yet_valid")


def read_claims(claims: Mapping[str, Any]) -> ViewClaims:
    """Validate the claims. Raises ViewTokenError with the code `bad_claims`."""
    jobs = claims.get("jobs")
    # An empty list would read as "all jobs" where the list is passed on as text.
    if jobs is not None and not (isinstance(jobs, list) and 1 <= len(jobs) <= VIEW_TOKEN_JOBS):
        raise ViewTokenError(f"jobs must be a list of 1 to {VIEW_TOKEN_JOBS}, or absent", code="bad_claims")
    expires_at = _epoch_seconds("exp", claims.get("exp"))
    try:
        return ViewClaims(
            user_id=_OWNER("sub", claims.get("sub")),
            tenant_id=_OWNER("tenant", claims.get("tenant")),
            job_ids=None if jobs is None else tuple(_JOB("jobs", job) for job in jobs),
            # Without iat, the token counts as old as it can be: ending the user's sessions ends it.
            issued_at=_epoch_seconds("iat", claims.get("iat", expires_at - VIEW_TOKEN_SECONDS_MAX)),
            not_before=_epoch_seconds("nbf", claims.get("nbf")),
            expires_at=expires_at,
        )
    except InvalidStatusError as error:
        raise ViewTokenError(error.message, code="bad_claims") from error


def _epoch_seconds(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ViewTokenError(f"{name} must be whole epoch seconds", code="bad_claims")
    return value
