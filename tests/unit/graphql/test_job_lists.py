"""Lists of jobs as deployed, page by page, compared with the expected jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statusbeam.localcloud.appsync.resolvers.resolver import ResolverError
from statusbeam.model.limits import JOBS_COUNTED, JOBS_PER_SEARCH
from statusbeam.model.validation import wire_time
from statusbeam.model.words import OverallStatus
from tests.unit.dynamo_tables import dynamo_tables, fill
from tests.unit.graphql.resolver_harness import ANN, JOB_TOKEN, OPERATOR, TOKEN
from tests.unit.graphql.whole_fields import Fields
from tests.unit.samples import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

START = datetime.fromtimestamp(NOW, UTC) - timedelta(days=1)
FIELDS = ("Query.listJobs", "Query.listTenantJobs", "Query.countTenantJobs")
Filters = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Job:
    """A head in the table."""

    number: int
    minute: int
    user_id: str = "ann"
    tenant_id: str = "north"
    state: OverallStatus = OverallStatus.PROCESSING
    workflow: str | None = None
    title: str | None = None
    expired: bool = False

    @property
    def job_id(self) -> str:
        return f"j{self.number}"

    @property
    def created(self) -> datetime:
        return START + timedelta(minutes=self.minute)

    def item(self, *, states: Mapping[str, str] | None = None) -> dict[str, Any]:
        """As a commit writes it; `states`: what the head says by now, where the index is behind."""
        created = wire_time(self.created)
        texts = {
            "pk": f"JOB#{self.tenant_id}#{self.job_id}",
            "sk": "HEAD",
            "jobId": self.job_id,
            "userId": self.user_id,
            "tenantId": self.tenant_id,
            "overallStatus": self.state.value,
            "createdAt": created,
            "userKey": f"USER#{self.tenant_id}#{self.user_id}",
            "tenantKey": f"TENANT#{self.tenant_id}#{self.state.value}",
            "createdKey": f"{created}#{self.job_id}",
            "workflow": self.workflow,
            "searchText": self.title.lower() if self.title else None,
            **(states or {}),
        }
        expires_at = int(NOW) + (0 if self.expired else 60)
        item = {name: {"S": text} for name, text in texts.items() if text is not None}
        return {**item, "sequence": {"N": "1"}, "expiresAt": {"N": str(expires_at)}}

    def matches(self, filters: Filters) -> bool:
        """The expected lists, computed independently of the resolvers."""
        search, workflow = filters.get("search"), filters.get("workflow")
        after, before = filters.get("createdAfter"), filters.get("createdBefore")
        return (
            not self.expired
            and filters.get("overallStatus") in (None, self.state.value)
            and workflow in (None, self.workflow)
            and (not search or search.lower() in (self.title or "").lower())
            and (after is None or self.created >= datetime.fromisoformat(after))
            and (before is None or self.created < datetime.fromisoformat(before))
        )


class Tables:
    """The fields on tables that hold only the jobs of one example."""

    def __init__(self, client: DynamoDBClient, fields: Fields) -> None:
        self._client = client
        self._fields = fields

    def holding(self, *jobs: Job) -> Fields:
        return self.with_items(*(job.item() for job in jobs))

    def with_items(self, *items: Mapping[str, Any]) -> Fields:
        fill(self._client, items)
        return self._fields


@pytest.fixture(scope="module")
def tables() -> Iterator[Tables]:
    with dynamo_tables() as client, ThreadPoolExecutor(1) as executor:
        yield Tables(client, Fields(client, executor, FIELDS))


def all_pages(fields: Fields, name: str, identity: Any, arguments: Filters) -> list[str]:
    """The jobs of every page, in order; each page brings the list nearer to its end."""
    listed: list[str] = []
    tokens: list[str | None] = [None]
    while True:
        page = fields.ask(name, {**arguments, "nextToken": tokens[-1]}, identity).value
        assert len(page["jobs"]) <= arguments["limit"]
        listed += [job["jobId"] for job in page["jobs"]]
        if page["nextToken"] is None:
            return listed
        assert page["nextToken"] not in tokens
        tokens.append(page["nextToken"])


def expected(jobs: list[Job], filters: Filters, is_listed: Callable[[Job], bool]) -> list[str]:
    found = [job for job in jobs if is_listed(job) and job.matches(filters)]
    newest_first = sorted(found, key=lambda job: (wire_time(job.created), job.job_id), reverse=True)
    return [job.job_id for job in newest_first]


a_time = st.integers(-1, 9).map(lambda minute: (START + timedelta(minutes=minute)).isoformat())
filters_of_a_list = st.fixed_dictionaries(
    {"limit": st.integers(1, 3)},
    optional={
        "overallStatus": st.sampled_from(OverallStatus).map(str),
        "workflow": st.sampled_from(["roads", "parks", "", "none"]),
        "search": st.sampled_from(["pothole", "POT", "Straße", "", "no such"]),
        "createdAfter": a_time,
        "createdBefore": a_time,
    },
)


def _numbered(many: list[dict[str, Any]]) -> list[Job]:
    return [Job(number=number, **one) for number, one in enumerate(many)]


some_jobs = st.lists(
    st.fixed_dictionaries(
        {
            "minute": st.integers(0, 8),
            "user_id": st.sampled_from(["ann", "bob"]),
            "tenant_id": st.sampled_from(["north", "north", "south"]),
            "state": st.sampled_from(OverallStatus),
            "workflow": st.sampled_from([None, "roads", "parks", "__proto__"]),
            "title": st.sampled_from([None, "Pothole on Valencia Street", "Straße kaputt", "POT"]),
            "expired": st.sampled_from([False, False, False, True]),
        }
    ),
    min_size=6,
    max_size=14,
).map(_numbered)


def is_anns(job: Job) -> bool:
    return (job.tenant_id, job.user_id) == ("north", "ann")


Listing = tuple[str, Any, Callable[[Job], bool]]
LISTS: dict[str, Listing] = {
    "own": ("Query.listJobs", ANN, is_anns),
    "by view token": ("Query.listJobs", TOKEN, is_anns),
    "of certain jobs": ("Query.listJobs", JOB_TOKEN, lambda job: is_anns(job) and job.job_id in ("j1", "j2")),
    "the tenant's": ("Query.listTenantJobs", OPERATOR, lambda job: job.tenant_id == "north"),
}


@pytest.mark.parametrize("which", LISTS)
@settings(max_examples=30)
@given(jobs=some_jobs, filters=filters_of_a_list)
def test_the_pages_of_a_list_hold_every_job_that_matches_once_and_newest_first(
    tables: Tables, which: str, jobs: list[Job], filters: Filters
) -> None:
    name, identity, is_listed = LISTS[which]
    try:
        listed = all_pages(tables.holding(*jobs), name, identity, filters)
    except ResolverError as refused:
        assert filters["createdAfter"] > filters["createdBefore"], refused
        return
    assert listed == expected(jobs, filters, is_listed)


def test_a_search_of_a_tenant_looks_at_so_many_jobs_of_each_state_a_page(tables: Tables) -> None:
    jobs = [Job(number=number, minute=number, workflow="parks") for number in range(JOBS_PER_SEARCH + 5)]
    rare = Job(number=900, minute=-1, workflow="roads", state=OverallStatus.PROCESSING)
    done = Job(number=901, minute=-2, workflow="roads", state=OverallStatus.COMPLETED)
    fields = tables.holding(*jobs, rare, done)
    first = fields.ask("Query.listTenantJobs", {"workflow": "roads"}, OPERATOR).value
    # `done` was seen, but it is older than what was not: it comes in its place.
    assert (first["jobs"], first["nextToken"] is None) == ([], False)
    listed = all_pages(fields, "Query.listTenantJobs", OPERATOR, {"workflow": "roads", "limit": 20})
    assert listed == ["j900", "j901"]


def test_a_job_that_has_moved_on_is_listed_once_with_its_state_of_now(tables: Tables) -> None:
    fields = tables.with_items(Job(number=1, minute=0).item(states={"overallStatus": "completed"}))
    (listed,) = fields.ask("Query.listTenantJobs", {}, OPERATOR).value["jobs"]
    assert listed["overallStatus"] == "completed"
    still = fields.ask("Query.listTenantJobs", {"overallStatus": "processing"}, OPERATOR).value
    assert still["jobs"] == []


def counts_of(fields: Fields, **arguments: Any) -> dict[str, tuple[int, bool]]:
    counts = fields.ask("Query.countTenantJobs", arguments, OPERATOR).value
    return {count["overallStatus"]: (count["count"], count["isExact"]) for count in counts}


@settings(max_examples=25)
@given(jobs=some_jobs, after=st.none() | a_time)
def test_the_jobs_of_a_tenant_are_counted_by_their_state(
    tables: Tables, jobs: list[Job], after: str | None
) -> None:
    counts = counts_of(tables.holding(*jobs), createdAfter=after)
    found = [job for job in jobs if job.tenant_id == "north" and job.matches({"createdAfter": after})]
    assert counts == {
        state.value: (sum(job.state is state for job in found), True) for state in OverallStatus
    }


@settings(max_examples=25)
@given(jobs=some_jobs)
def test_each_state_of_a_tenant_is_counted_by_workflow_too(tables: Tables, jobs: list[Job]) -> None:
    counts = tables.holding(*jobs).ask("Query.countTenantJobs", {}, OPERATOR).value
    for count in counts:
        listed = count["workflows"]
        found = Counter(
            job.workflow
            for job in jobs
            if job.tenant_id == "north" and job.state.value == count["overallStatus"] and job.matches({})
        )
        assert len(listed) == len(found)
        assert {each["workflow"]: each["count"] for each in listed} == found


def test_a_count_shows_when_there_are_more(tables: Tables) -> None:
    jobs = [Job(number=number, minute=0) for number in range(JOBS_COUNTED + 1)]
    failed = Job(number=9_999, minute=1, state=OverallStatus.FAILED)
    counts = counts_of(tables.holding(*jobs, failed))
    assert (counts["processing"], counts["failed"]) == ((JOBS_COUNTED, False), (1, True))


@pytest.mark.parametrize("name", ["Query.listTenantJobs", "Query.countTenantJobs"])
@pytest.mark.parametrize("identity", [ANN, TOKEN, JOB_TOKEN, None, {"userArn": "arn:aws:iam::1:role/r"}])
def test_the_jobs_of_a_tenant_are_its_operators(tables: Tables, name: str, identity: Any) -> None:
    fields = tables.holding(Job(number=1, minute=0))
    with pytest.raises(ResolverError) as refused:
        fields.ask(name, {}, identity)
    assert refused.value.error_type == "Forbidden"


@pytest.mark.parametrize("token", ["nonsense", "2026-11-20T08:30:00.000Z", "JOB#north#j1", "x" * 5_000])
def test_a_tenants_list_continues_only_at_a_place_of_its_index(tables: Tables, token: str) -> None:
    fields = tables.holding(Job(number=1, minute=0))
    with pytest.raises(ResolverError, match="nextToken is not from this list"):
        fields.ask("Query.listTenantJobs", {"nextToken": token}, OPERATOR)


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": 0},
        {"limit": 51},
        {"search": "x" * 500},
        {"createdAfter": "2026-11-21T00:00:00Z", "createdBefore": "2026-11-20T00:00:00+01:00"},
    ],
    ids=["no job", "too many", "a long text", "a range that ends before it begins"],
)
@pytest.mark.parametrize("name", ["Query.listJobs", "Query.listTenantJobs"])
def test_a_list_is_refused_for(tables: Tables, name: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(ResolverError) as refused:
        tables.holding().ask(name, wrong, OPERATOR)
    assert refused.value.error_type == "BadRequest"
