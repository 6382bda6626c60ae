"""The reader: a user of a tenant, with the permissions of the token.

graphql/resolvers/shared/viewer.js and canView.js hold the same rules for the API.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from statusbeam.log.snapshot.job_state import Head
from statusbeam.model.job_key import JobKey
from statusbeam.model.settings import ADMIN_GROUP, OPERATOR_GROUP


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A verified reader."""

    user_id: str
    tenant_id: str
    job_ids: tuple[str, ...] | None = None
    """The jobs that the token is limited to; None: all jobs of the user."""
    roles: tuple[str, ...] = ()
    signed_in_at: float | None = None
    """The time of the login in epoch seconds. A refreshed token keeps it."""
    read_only: bool = False
    """Whether the token permits reading only, as view tokens do."""
    resumes_until: int | None = None
    """The time until which a stream with a ticket may resume, in epoch seconds; None: no ticket opened it."""

    @property
    def key(self) -> tuple[str, str]:
        """Tenant and user."""
        return self.tenant_id, self.user_id

    @property
    def sees_tenant(self) -> bool:
        """Operators and admins see their whole tenant."""
        return OPERATOR_GROUP in self.roles or ADMIN_GROUP in self.roles

    def job(self, job_id: str) -> JobKey:
        """The key of the job with this id, always in the viewer's own tenant."""
        return JobKey(self.tenant_id, job_id)

    def may_see(self, head: Head) -> bool:
        """Whether the viewer may read the job."""
        if head.tenant_id != self.tenant_id:
            return False
        if head.user_id != self.user_id and not self.sees_tenant:
            return False
        return self.job_ids is None or head.job_id in self.job_ids

    def is_ended_by(self, ended_at: float | None) -> bool:
        """Whether the login was ended, if the user's logins were ended at `ended_at` (epoch seconds)."""
        if ended_at is None:
            return False
        return self.signed_in_at is None or self.signed_in_at <= ended_at

    def to_json(self) -> dict[str, Any]:
        """The viewer as JSON text, for `from_json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Parse the text of `to_json`."""
        jobs = document["job_ids"]
        return cls(
            user_id=document["user_id"],
            tenant_id=document["tenant_id"],
            job_ids=None if jobs is None else tuple(jobs),
            roles=tuple(document["roles"]),
            signed_in_at=document["signed_in_at"],
            read_only=document["read_only"],
            resumes_until=document["resumes_until"],
        )
