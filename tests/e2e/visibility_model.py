"""The oracle of the visibility fuzz: the access rules, written independently of the resolvers.

    model = Model(jobs)
    model.expect(principal, "getJob", {"jobId": "job-1"})   # Expected(kind, data)

The model checks a case in AppSync's order: the identity, the text, the types of the arguments, the access of
the mode to the field, and then the field's own rules.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from statusbeam.model.job_key import JobKey
from statusbeam.model.settings import PUBLIC_TENANT
from tests.e2e.callers import Caller

COGNITO, LAMBDA, API_KEY, IAM = "cognito", "lambda", "api key", "iam"
READERS: Final = frozenset({COGNITO, LAMBDA, API_KEY, IAM})

MODES: Final[Mapping[str, frozenset[str]]] = {
    "getJob": READERS,
    "listJobs": frozenset({COGNITO, LAMBDA}),
    "listTenantJobs": frozenset({COGNITO}),
    "countTenantJobs": frozenset({COGNITO}),
    "listStatusUpdates": READERS,
    "getStatusDetail": READERS,
    "syncSession": READERS,
    "answerWaiting": frozenset({COGNITO, LAMBDA}),
    "cancelJob": frozenset({COGNITO, LAMBDA}),
    "endSessions": frozenset({COGNITO, LAMBDA, IAM}),
    "publishStatus": frozenset({IAM}),
    "onStatusUpdate": READERS,
    "onTenantStatus": frozenset({COGNITO, IAM}),
}
LONGEST = 256  # UTF-16 units of an id
PAGE_MOST = {"listJobs": 50, "listTenantJobs": 50, "listStatusUpdates": 100}
PAGE_DEFAULT = {"listJobs": 20, "listTenantJobs": 20, "listStatusUpdates": 100}
LONG_AGO, LONG_HENCE = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00.000+01:00"
"""Times before and after every job of a world."""
LONGEST_SEARCH = 400  # UTF-16 units
LONGEST_REASON = 2_000
PLACE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z#.+", re.ASCII)
"""The end of a page of a tenant's jobs."""
MOST_SYNCED = 25
MOST_FILTERED = 5
INT_MAX = 2**31 - 1

# The results of a case, besides an answer.
REFUSED = "refused"  # 401 or 403 before the API is asked, or UnauthorizedException on a socket
UNAUTHORIZED = "Unauthorized"
MALFORMED = "malformed"  # no text at all
INVALID = "invalid"  # the arguments don't fit their types
FORBIDDEN = "Forbidden"
BAD_REQUEST = "BadRequest"
NOT_WAITING = "NotWaiting"
ANSWER = "answer"

Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A caller. `known` is whether the credentials are valid."""

    name: str
    caller: Caller = field(repr=False)
    mode: str
    known: bool = True
    user_id: str | None = None
    tenant_id: str = PUBLIC_TENANT
    job_ids: tuple[str, ...] | None = None
    roles: frozenset[str] = frozenset()
    grants: frozenset[str] = frozenset()  # fields, of an IAM user

    @property
    def leads(self) -> bool:
        """Whether the caller may watch the whole tenant."""
        return bool(self.roles & {"operator", "admin"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A status with markers: one for all readers of the job, and one for operators only."""

    message: str
    note: str
    internal: str
    spilled: bool = False
    """Whether its metadata, which contains the note, is too big for the log."""

    @property
    def pushed(self) -> set[str]:
        """The part of the status in the log and in pushes."""
        return {self.message} if self.spilled else {self.message, self.note}


@dataclass(slots=True, kw_only=True)
class Job:
    """An existing job, and its statuses in order."""

    job_id: str
    user_id: str
    tenant_id: str
    statuses: list[Told] = field(default_factory=list)

    @property
    def key(self) -> JobKey:
        """The key that distinguishes it from jobs with the same id in other tenants."""
        return JobKey(self.tenant_id, self.job_id)


@dataclass(frozen=True, slots=True)
class Expected:
    """The expected result of a case. `data` is the field's value, for ANSWER."""

    kind: str
    data: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """The statuses that an accepted subscription may receive: the user, and the jobs if limited."""

    tenant_id: str
    user_id: str | None
    job_ids: tuple[str, ...] | None = None

    def hears(self, job: Job) -> bool:
        """Whether the subscription may receive a status of this job."""
        return (
            job.tenant_id == self.tenant_id
            and self.user_id in (None, job.user_id)
            and (self.job_ids is None or job.job_id in self.job_ids)
        )


class _Stop(Exception):  # noqa: N818 - no error: how a gate ends a case
    def __init__(self, kind: str) -> None:
        self.kind = kind


class Model:
    """The existing jobs, and the access of each principal."""

    def __init__(self, jobs: Sequence[Job], page_tokens: Mapping[str, Principal] | None = None) -> None:
        self.jobs = {job.key: job for job in jobs}
        self._page_tokens = {} if page_tokens is None else page_tokens

    def owns(self, who: Principal, job: Job) -> bool:
        """The one rule behind all others."""
        return (
            job.tenant_id == who.tenant_id
            and who.user_id in (None, job.user_id)
            and (who.job_ids is None or job.job_id in who.job_ids)
        )

    def may_see(self, who: Principal, job: Job) -> bool:
        """Whether the job belongs to the principal, or to the tenant that the principal operates."""
        return self.owns(who, job) or self.may_lead(who, job)

    def visible(self, who: Principal, job_id: str) -> Job | None:
        """The job, if it exists for this principal."""
        job = self.jobs.get(JobKey(who.tenant_id, job_id))
        return job if job is not None and self.may_see(who, job) else None

    def secrets_of(self, who: Principal) -> set[str]:
        """Every marker that this principal may read over HTTP."""
        secrets: set[str] = set()
        for job in self.jobs.values() if who.known else ():
            leads = self.may_lead(who, job)
            for told in job.statuses:
                if self.may_see(who, job):
                    secrets |= {told.message, told.note}
                if leads:
                    secrets |= {told.internal}
        return secrets

    def may_lead(self, who: Principal, job: Job) -> bool:
        """Whether the job is of the tenant that this principal operates."""
        return who.leads and job.tenant_id == who.tenant_id

    def expect(self, who: Principal, operation: str, arguments: Arguments) -> Expected:
        """The expected result of the case."""
        try:
            given = _admitted(who, operation, arguments)
            data = getattr(self, f"_{operation}")(who, given)
        except _Stop as stop:
            return Expected(stop.kind)
        return Expected(ANSWER, data)

    # The fields.

    def _getJob(self, who: Principal, given: Arguments) -> Any:  # noqa: N802 - the field's name
        _short(given["jobId"])
        job = self.visible(who, given["jobId"])
        if job is None:
            nothing = {"userId": None, "tenantId": None, "overallStatus": "initializing", "sequence": 0}
            return {"jobId": given["jobId"], **nothing}
        owner = {"userId": job.user_id, "tenantId": job.tenant_id}
        return {
            "jobId": job.job_id,
            **owner,
            "overallStatus": "processing",
            "sequence": len(job.statuses),
        }

    def _getStatusDetail(self, who: Principal, given: Arguments) -> Any:  # noqa: N802
        job_id, sequence = given["jobId"], given["sequence"]
        if sequence < 1:
            raise _Stop(BAD_REQUEST)
        _short(job_id)
        answer = {"jobId": job_id, "sequence": sequence, "detail": None, "operatorDetail": None}
        job = self.jobs.get(JobKey(who.tenant_id, job_id))
        if job is None or sequence > len(job.statuses):
            return answer
        told, leads = job.statuses[sequence - 1], self.may_lead(who, job)
        if self.may_see(who, job):
            answer["detail"] = told.note
        if leads:
            answer["operatorDetail"] = told.internal
        return answer

    def _listStatusUpdates(self, who: Principal, given: Arguments) -> Any:  # noqa: N802
        after = given.get("afterSequence") or 0
        limit = _page_size("listStatusUpdates", given)
        if after < 0:
            raise _Stop(BAD_REQUEST)
        _short(given["jobId"])
        job = self.visible(who, given["jobId"])
        messages = [told.message for told in job.statuses] if job else []
        current = len(messages)
        page = messages[after : after + limit]
        reason = "ahead_of_log" if after > current else None
        return {
            "updates": [{"message": message} for message in page],
            "currentSequence": current,
            "nextAfterSequence": current if reason else after + len(page),
            "recovered": reason is None,
            "reason": reason,
        }

    def _listJobs(self, who: Principal, given: Arguments) -> Any:  # noqa: N802
        """The most jobs in the answer, and the jobs that it may contain."""
        limit = _page_size("listJobs", given)
        is_empty, token = _matches_none(given), given.get("nextToken")
        own = {job.job_id for job in self.jobs.values() if self.owns(who, job)}
        if token and not (token in own if who.job_ids is not None else self._went_on(who, token)):
            raise _Stop(BAD_REQUEST)
        return limit, set() if is_empty else own

    def _listTenantJobs(self, who: Principal, given: Arguments) -> Any:  # noqa: N802
        """The same as for listJobs."""
        if not who.leads:
            raise _Stop(FORBIDDEN)
        limit = _page_size("listTenantJobs", given)
        is_empty, token = _matches_none(given), given.get("nextToken")
        if token and not (PLACE.fullmatch(token) and not (is_after(given) and token[:4] < LONG_HENCE[:4])):
            raise _Stop(BAD_REQUEST)
        return limit, set() if is_empty else self._led_by(who)

    def _countTenantJobs(self, who: Principal, given: Arguments) -> Any:  # noqa: N802
        """The number of processing jobs; all jobs of a run are processing."""
        if not who.leads:
            raise _Stop(FORBIDDEN)
        return 0 if _matches_none(given) else len(self._led_by(who))

    def _led_by(self, who: Principal) -> set[str]:
        return {job.job_id for job in self.jobs.values() if self.may_lead(who, job)}

    def may_cancel(self, who: Principal, job: Job) -> bool:
        """Whether the principal may request to cancel this job."""
        return who.known and who.mode in MODES["cancelJob"] and who.job_ids is None and self.may_see(who, job)

    def _cancelJob(self, who: Principal, given: Arguments) -> Any:  # noqa: N802
        """No principal may cancel a named job, because the jobs must stay."""
        _whole(who, given.get("reason"))
        _short(given["jobId"])
        raise _Stop(FORBIDDEN)

    def _answerWaiting(self, who: Principal, given: Arguments) -> Any:  # noqa: N802
        """No job waits. Only a principal who may answer gets this error."""
        _whole(who, given.get("comment"))
        _short(given["jobId"], given.get("invocationId"))
        raise _Stop(FORBIDDEN if self.visible(who, given["jobId"]) is None else NOT_WAITING)

    def _went_on(self, who: Principal, token: str) -> bool:
        """Whether this token comes from a list of all of a user's jobs."""
        holder = self._page_tokens.get(token)
        return (
            holder is not None
            and holder.job_ids is None
            and (holder.user_id, holder.tenant_id) == (who.user_id, who.tenant_id)
        )

    def _syncSession(self, who: Principal, given: Arguments) -> Any:  # noqa: N802
        asked = given["input"]["jobIds"] or []
        connection = given["input"]["connectionId"]
        if not _is_connection(connection):
            raise _Stop(BAD_REQUEST)
        if len(asked) > MOST_SYNCED:
            raise _Stop(BAD_REQUEST)
        for job_id in asked:
            _short(job_id)
        known = [self.visible(who, job_id) for job_id in asked]
        return {
            "connectionId": connection,
            "jobs": [
                {"jobId": job_id, "sequence": len(job.statuses) if job else 0}
                for job_id, job in zip(asked, known, strict=True)
            ],
        }

    def _endSessions(self, who: Principal, given: Arguments) -> Any:  # noqa: N802
        user_id, tenant_id = given["input"]["userId"], given["input"]["tenantId"]
        _short(user_id, tenant_id)
        tenant_id = who.tenant_id if tenant_id is None else tenant_id
        if user_id == "" or "#" in user_id or tenant_id == "":
            raise _Stop(BAD_REQUEST)
        own = tenant_id == who.tenant_id
        oneself = own and user_id == who.user_id and who.job_ids is None
        if who.mode != IAM and not oneself and not (own and "admin" in who.roles):
            raise _Stop(FORBIDDEN)
        return {"userId": user_id, "tenantId": tenant_id}

    def _onStatusUpdate(self, who: Principal, given: Arguments) -> Watch:  # noqa: N802
        user_id, job_id = given["userId"], given.get("jobId")
        _short(user_id, job_id)
        if user_id == "" or "#" in user_id:
            raise _Stop(BAD_REQUEST)
        if who.user_id not in (None, user_id):
            raise _Stop(FORBIDDEN)
        if job_id is not None and who.job_ids is not None and job_id not in who.job_ids:
            raise _Stop(FORBIDDEN)
        if job_id is None and who.job_ids is not None and len(who.job_ids) > MOST_FILTERED:
            raise _Stop(BAD_REQUEST)
        _connection(given)
        jobs = who.job_ids if job_id is None else (job_id,)
        return Watch(tenant_id=who.tenant_id, user_id=user_id, job_ids=jobs)

    def _onTenantStatus(self, who: Principal, given: Arguments) -> Watch:  # noqa: N802
        tenant_id = given["tenantId"]
        _short(tenant_id)
        if tenant_id == "" or not (who.mode == IAM or (who.leads and who.tenant_id == tenant_id)):
            raise _Stop(FORBIDDEN)
        if who.mode != IAM:
            _connection(given)
        return Watch(tenant_id=tenant_id, user_id=None)


def _admitted(who: Principal, operation: str, arguments: Arguments) -> dict[str, Any]:
    """The arguments for the resolvers, if the case reaches them. Raises _Stop."""
    if not who.known:
        raise _Stop(REFUSED)
    try:
        json.dumps(arguments, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _Stop(MALFORMED) from None
    given = _typed(operation, arguments)
    if who.mode not in MODES[operation] or (who.mode == IAM and operation not in who.grants):
        raise _Stop(UNAUTHORIZED)
    return given


# --- the types of the schema ------------------------------------------------------------------------------


def _typed(operation: str, given: Arguments) -> dict[str, Any]:
    """The arguments as resolvers get them. Raises _Stop when one doesn't fit its type."""
    if operation == "publishStatus":
        return dict(given)  # only whole inputs are tried
    if operation == "syncSession":
        raw = _object(given["input"], {"connectionId", "action", "jobIds", "joined"})
        if raw.get("action") not in ("open", "extend", "close"):
            raise _Stop(INVALID)
        _bool_or_null(raw.get("joined"))
        jobs = raw.get("jobIds")
        listed = jobs if isinstance(jobs, list) else None if jobs is None else [jobs]
        ids = None if listed is None else [_id(one) for one in listed]
        return {"input": {"connectionId": _id(raw.get("connectionId")), "jobIds": ids}}
    if operation == "endSessions":
        raw = _object(given["input"], {"userId", "tenantId"})
        return {"input": {"userId": _id(raw.get("userId")), "tenantId": _id_or_null(raw.get("tenantId"))}}
    readers: dict[str, Callable[[Any], Any]] = {**_READERS}
    if operation == "onStatusUpdate":
        readers["jobId"] = _id_or_null
    return {name: readers[name](value) if name in readers else _id(value) for name, value in given.items()}


def _object(value: Any, names: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict) or set(value) - names:
        raise _Stop(INVALID)
    return value


def _id(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise _Stop(INVALID)


def _id_or_null(value: Any) -> str | None:
    return None if value is None else _id(value)


def _int_or_null(value: Any) -> int | None:
    return None if value is None else _int(value)


def _int(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and -INT_MAX - 1 <= value <= INT_MAX:
        return value
    raise _Stop(INVALID)


def _bool_or_null(value: Any) -> bool | None:
    if isinstance(value, bool | None):
        return value
    raise _Stop(INVALID)


def _time_or_null(value: Any) -> str | None:
    if value in (None, LONG_AGO, LONG_HENCE):
        return None if value is None else str(value)
    raise _Stop(INVALID)


def _text_or_null(value: Any) -> str | None:
    if isinstance(value, str | None):
        return value
    raise _Stop(INVALID)


def _state(value: Any) -> str | None:
    if value in (None, "initializing", "processing", "completed", "failed"):
        return None if value is None else str(value)
    raise _Stop(INVALID)


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "limit": _int_or_null,
    "afterSequence": _int_or_null,
    "sequence": _int,
    "overallStatus": _state,
    "nextToken": _text_or_null,
    "connectionId": _id_or_null,
    "workflow": _text_or_null,
    "search": _text_or_null,
    "reason": _text_or_null,
    "comment": _text_or_null,
    "invocationId": _id_or_null,
    "approved": _bool_or_null,
    "createdAfter": _time_or_null,
    "createdBefore": _time_or_null,
    "joined": _bool_or_null,
}
"""Every other type is an id."""


def _page_size(operation: str, given: Arguments) -> int:
    limit = given.get("limit")
    size = PAGE_DEFAULT[operation] if limit is None else int(limit)
    if not 1 <= size <= PAGE_MOST[operation]:
        raise _Stop(BAD_REQUEST)
    return size


def is_after(given: Arguments) -> bool:
    """Whether the request is for jobs after all existing ones."""
    return given.get("createdAfter") == LONG_HENCE


def _matches_none(given: Arguments) -> bool:
    """Whether a filter matches no job, because none has a title or a workflow. Raises _Stop."""
    search = given.get("search") or ""
    if len(search.encode("utf-16-le", "surrogatepass")) // 2 > LONGEST_SEARCH:
        raise _Stop(BAD_REQUEST)
    if is_after(given) and given.get("createdBefore") == LONG_AGO:
        raise _Stop(BAD_REQUEST)
    is_dated = is_after(given) or given.get("createdBefore") == LONG_AGO
    is_named = given.get("workflow") is not None or search != ""
    return given.get("overallStatus") not in (None, "processing") or is_dated or is_named


def _is_connection(text: str) -> bool:
    plain = all(character.isalnum() or character in "_-" for character in text)
    return plain and text.isascii() and 1 <= len(text) <= 128


def _connection(given: Arguments) -> None:
    """A subscription may have no name: an empty or absent one."""
    named = given.get("connectionId")
    if named and not _is_connection(named):
        raise _Stop(BAD_REQUEST)


def _whole(who: Principal, reason: str | None) -> None:
    """A change of a job is for whoever sees all jobs of a user, with a reason of bounded length."""
    if who.job_ids is not None:
        raise _Stop(FORBIDDEN)
    if len((reason or "").encode("utf-16-le", "surrogatepass")) // 2 > LONGEST_REASON:
        raise _Stop(BAD_REQUEST)


def _short(*ids: str | None) -> None:
    for one in ids:
        if one is not None and len(one.encode("utf-16-le", "surrogatepass")) // 2 > LONGEST:
            raise _Stop(BAD_REQUEST)
