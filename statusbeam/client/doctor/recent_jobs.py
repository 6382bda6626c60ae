"""The owners of a tenant's recent jobs, and whether a user or a client has the owner's id."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from statusbeam.log.journal.dynamo_items import from_item, head_key, to_item
from statusbeam.model.job_key import JobKey
from statusbeam.model.settings import PROBE_PREFIX, SessionsTable, StatusTable
from statusbeam.model.validation import wire_time
from statusbeam.model.words import OverallStatus

from ..target import Target
from .facts import JobFacts, NamedJobFacts, ReaderFacts
from .failures import attempt

_JOBS: Final = 10
_RECENT: Final = timedelta(days=1)


class RecentJobs:
    """The jobs of the reader's tenant. A fact that the credentials may not read is unknown."""

    def __init__(self, target: Target, reader: ReaderFacts) -> None:
        self._target = target
        self._tenant = str(reader.tenant)
        self._user = reader.user
        self._tables = target.client("dynamodb")
        self._pool = target.outputs.get("UserPoolId")
        self._users: Any = target.client("cognito-idp") if self._pool else None

    def named(self, job_id: str) -> NamedJobFacts:
        """The job of this id."""
        head = self._head(job_id)
        return NamedJobFacts(job_id=job_id, owner=head["userId"] if head else None)

    def is_in_pool(self, user_id: str | None) -> bool | None:
        """Whether a user of the pool has this id."""
        if self._users is None or user_id is None:
            return None
        escaped = user_id.replace("\\", "\\\\").replace('"', '\\"')
        request = {"UserPoolId": self._pool, "Filter": f'sub = "{escaped}"', "Limit": 1}
        found, _ = attempt("look for the user", lambda: self._users.list_users(**request)["Users"])
        return None if found is None else bool(found)

    def of_others(self) -> tuple[JobFacts, ...]:
        """The newest jobs of others, the newest first."""
        since = wire_time(datetime.now(UTC) - _RECENT)
        newest = sorted(self._newest(), reverse=True)[:_JOBS]
        jobs = (self._job(job_id, began_at) for began_at, job_id in newest if began_at >= since)
        known: dict[str, JobFacts] = {}
        return tuple(self._with_owner(job, known) for job in jobs if job is not None)

    def _newest(self) -> Iterator[tuple[str, str]]:
        for state in OverallStatus:
            query: dict[str, Any] = {
                "TableName": self._target.outputs["StatusTable"],
                "IndexName": StatusTable.BY_TENANT,
                "KeyConditionExpression": "#key = :key",
                "ExpressionAttributeNames": {"#key": StatusTable.BY_TENANT_PARTITION_KEY},
                "ExpressionAttributeValues": to_item(
                    {":key": f"{StatusTable.TENANT_PREFIX}{self._tenant}#{state.value}"}
                ),
                "ScanIndexForward": False,
                "Limit": _JOBS,
            }
            page, _ = attempt("list jobs", partial(self._tables.query, **query))
            for item in map(from_item, (page or {}).get("Items", ())):
                began_at = item[StatusTable.BY_TENANT_SORT_KEY].partition("#")[0]
                if not item["jobId"].startswith(PROBE_PREFIX):
                    yield began_at, item["jobId"]

    def _job(self, job_id: str, began_at: str) -> JobFacts | None:
        head = self._head(job_id)
        if not head or head["userId"] == self._user:
            return None
        return JobFacts(job_id=job_id, owner=head["userId"], began_at=began_at)

    def _head(self, job_id: str) -> dict[str, Any]:
        key = to_item(head_key(JobKey(self._tenant, job_id)))
        table = self._target.outputs["StatusTable"]
        found, _ = attempt(
            "read a job", lambda: self._tables.get_item(TableName=table, Key=key).get("Item", {})
        )
        return from_item(found or {})

    def _with_owner(self, job: JobFacts, known: dict[str, JobFacts]) -> JobFacts:
        if job.owner not in known:
            known[job.owner] = replace(
                job,
                owner_in_pool=self.is_in_pool(job.owner),
                id_of_name=self._id_of_name(job.owner),
                is_watched=self._is_watched(job.owner),
            )
        return replace(known[job.owner], job_id=job.job_id, began_at=job.began_at)

    def _id_of_name(self, name: str) -> str | None:
        if self._users is None:
            return None
        found, _ = attempt(
            "look for the user", lambda: self._users.admin_get_user(UserPoolId=self._pool, Username=name)
        )
        ids = {each["Name"]: each["Value"] for each in (found or {}).get("UserAttributes", ())}
        return ids["sub"] if ids.get("sub") not in (None, name) else None

    def _is_watched(self, user_id: str) -> bool:
        query = {
            "TableName": self._target.outputs["UserSessionsTable"],
            "KeyConditionExpression": "#tenant = :tenant AND begins_with(#sk, :user)",
            "FilterExpression": "#ttl > :now",
            "ExpressionAttributeNames": {
                "#tenant": SessionsTable.PARTITION_KEY,
                "#sk": SessionsTable.SORT_KEY,
                "#ttl": SessionsTable.TTL,
            },
            "ExpressionAttributeValues": to_item(
                {":tenant": self._tenant, ":user": f"{user_id}#", ":now": int(time.time())}
            ),
        }
        found, failure = attempt("look for sessions", lambda: self._tables.query(**query)["Items"])
        return bool(found) or failure is not None  # unknown: the job then counts as watched
