"""The people, jobs and requests of the visibility fuzz, all from one seed."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from status_utils.tokens import ViewTokenKeys
from statusbeam.localcloud.outputs import DemoUser
from statusbeam.model.settings import PUBLIC_TENANT
from tests.e2e.callers import Caller, IamCaller, KeyCaller, TokenCaller
from tests.e2e.cloud import Cloud, fresh_id
from tests.e2e.visibility_model import (
    API_KEY,
    COGNITO,
    IAM,
    LAMBDA,
    LONG_AGO,
    LONG_HENCE,
    Job,
    Model,
    Principal,
)

READS = (
    "getJob",
    "listJobs",
    "listTenantJobs",
    "countTenantJobs",
    "listStatusUpdates",
    "getStatusDetail",
    "syncSession",
)
WRITES = ("answerWaiting", "cancelJob", "endSessions", "publishStatus")
WATCHES = ("onStatusUpdate", "onTenantStatus")
NUMBERED_ID = re.compile(r"\d+-[0-9a-f]{12}")
JOBS_EACH = 3
SCOPE_TOO_WIDE = 6

STRANGE: tuple[Any, ...] = (
    "",
    "#",
    "#tenant",
    "#ended#",
    "*",
    "%",
    " ",
    "null",
    "undefined",
    "__proto__",
    "constructor",
    "' OR '1'='1",
    '","userId":"',
    '"}) { jobId } x: getJob(jobId: "',
    "${ctx.args}",
    "{{7*7}}",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "JOB#",
    "HEAD",
    "UPDATE#000000000001",
    "USER#",
    "\u0000",
    "a\u0000b",
    "\u202e\u200b",
    "İ",
    "Ⅷ",
    "日本語",
    "🛰" * 64,
    "e\u0301",
    "\ud800",
    "x" * 128,
    "x" * 256,
    "x" * 257,
    "x" * 5_000,
    "🛰" * 129,
    0,
    7,
    -1,
    10**30,
    True,
    None,
    [],
    ["a", "b"],
    {},
    {"eq": "x"},
    {"S": "x"},
)
NUMBERS: tuple[Any, ...] = (None, 0, 1, 2, 3, 10, 50, 51, 100, 101, -1, 2**31 - 1, 2**31, -(2**31), "1", True)
TIMES: tuple[Any, ...] = (None, LONG_AGO, LONG_HENCE, "yesterday", 7)
CONNECTIONS: tuple[Any, ...] = ("c-1", "tab_2", "C" * 128, "C" * 129, "a#b", "", "é", "a b", 5, None, ["c"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One request. `literal`: the arguments are in the document instead of in variables."""

    number: int
    who: Principal
    operation: str
    arguments: Mapping[str, Any]
    literal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All users, callers and jobs of a run."""

    principals: Sequence[Principal]
    jobs: Sequence[Job]
    page_tokens: dict[str, Principal] = field(default_factory=dict)
    """The page tokens of listJobs, with their receivers."""

    @property
    def owners(self) -> list[tuple[str, str]]:
        """Users with their tenants."""
        return sorted({(job.user_id, job.tenant_id) for job in self.jobs})

    @property
    def markers(self) -> set[str]:
        """Markers that identify a user, a tenant or a job in any text. Chance produces none of them."""
        names = {name for owner in self.owners for name in owner} - {PUBLIC_TENANT}
        return names | {marker_of(job) for job in self.jobs}


def build(cloud: Cloud) -> World:
    """Create the users, tokens and keys, and name the jobs, without publishing statuses."""
    here, there, elsewhere = (fresh_id("tenant") for _ in range(3))
    people = [
        cloud.new_user(tenant, role)
        for tenant, role in (
            (here, "viewer"),
            (here, "viewer"),
            (here, "operator"),
            (here, "operator"),
            (here, "admin"),
            (there, "viewer"),
            (there, "operator"),
            (there, "admin"),
        )
    ]
    owners = [(user.user_id, user.tenant_id) for user in people]
    # The same user id in another tenant, and guests of the tenant that keys read.
    owners += [(people[0].user_id, elsewhere), (fresh_id("guest"), PUBLIC_TENANT)]
    owners.append((fresh_id("zoé"), PUBLIC_TENANT))
    jobs = [
        Job(job_id=_job_id(number), user_id=user_id, tenant_id=tenant_id)
        for number, (user_id, tenant_id) in enumerate(owners * JOBS_EACH)
    ]
    jobs += _namesakes(jobs, owners)
    principals = []
    for number, user in enumerate(people):
        tokens = cloud.sign_in(user)
        person: dict[str, Any] = {
            "user_id": user.user_id,
            "tenant_id": user.tenant_id,
            "roles": frozenset(user.roles),
            "mode": COGNITO,
        }
        name = f"{user.roles[0]} {number} of {user.tenant_id}"
        principals += [
            Principal(name=f"{name}, {kind}", caller=TokenCaller(token), **person)
            for kind, token in (("access token", tokens.access), ("ID token", tokens.id))
        ]
    principals += _token_holders(cloud, jobs, people[0].user_id, (here, elsewhere))
    principals += _services(cloud)
    principals += _strangers(cloud, principals, people[0])
    principals += _of_another_app_client(cloud, people)
    return World(principals=principals, jobs=jobs)


def _job_id(number: int) -> str:
    shapes = ("job-{}", "job #{}", "日本-{}", "job/{}?x=1&y", 'job"{}"', "JOB#{}")
    return shapes[number % len(shapes)].format(fresh_id(str(number)))


def _namesakes(jobs: Sequence[Job], owners: Sequence[tuple[str, str]]) -> Iterator[Job]:
    """Jobs with ids of other tenants, so that each of these ids is a job in every tenant."""
    owner_in = {tenant_id: user_id for user_id, tenant_id in owners}
    for job in jobs[:: len(owners) // 2]:
        for tenant_id, user_id in owner_in.items():
            if tenant_id != job.tenant_id:
                yield Job(job_id=job.job_id, user_id=user_id, tenant_id=tenant_id)


def marker_of(job: Job) -> str:
    """The part of a job's id that no other text contains, with any encoding of the rest."""
    found = NUMBERED_ID.search(job.job_id)
    assert found is not None, job.job_id
    return found.group()


def _token_holders(
    cloud: Cloud, jobs: Sequence[Job], user_id: str, tenants: tuple[str, str]
) -> Iterator[Principal]:
    """View tokens of one user id in two tenants: for all jobs, one job, another user's job, and too many
    jobs."""
    for tenant_id in tenants:
        own = [job.job_id for job in jobs if (job.user_id, job.tenant_id) == (user_id, tenant_id)]
        foreign = [job.job_id for job in jobs if job.user_id != user_id]
        scopes = {
            "all jobs": None,
            "one job": own[:1],
            "somebody else's jobs": foreign[:2],
            "many jobs": [*own, *foreign][:SCOPE_TOO_WIDE],
        }
        for scope, job_ids in scopes.items():
            token = cloud.view_token(user_id, tenant_id, job_ids=job_ids, ttl=3600)
            yield Principal(
                name=f"view token of {tenant_id} for {scope}",
                caller=TokenCaller(token),
                mode=LAMBDA,
                user_id=user_id,
                tenant_id=tenant_id,
                job_ids=None if job_ids is None else tuple(job_ids),
            )


def _services(cloud: Cloud) -> Iterator[Principal]:
    yield Principal(name="API key", caller=cloud.key_caller, mode=API_KEY)
    reading = (
        "Query/getJob",
        "Query/listStatusUpdates",
        "Query/getStatusDetail",
        "Mutation/syncSession",
        "Subscription/onStatusUpdate",
    )
    leading = ("Subscription/onTenantStatus", "Mutation/endSessions")
    grants = {
        "reader": reading,
        "watcher": leading,
        "everything but publishing": (*reading, *leading, "Query/listJobs"),
        "nothing": ("Query/nothing",),
    }
    for name, fields in grants.items():
        caller = cloud.iam_reader(fresh_id("fuzz"), *(each.replace("/", "/fields/") for each in fields))
        granted = frozenset(each.partition("/")[2] for each in fields)
        yield Principal(name=f"IAM, {name}", caller=caller, mode=IAM, grants=granted)


class _Silent:
    def authorization(self, host: str, path: str, body: str) -> dict[str, str]:
        return {"host": host}


def _of_another_app_client(cloud: Cloud, people: Sequence[DemoUser]) -> Iterator[Principal]:
    """Valid tokens of the pool's users, including admins, from another app client of the pool."""
    client_id = cloud.new_app_client()
    for number, user in enumerate(people):
        tokens = cloud.sign_in(user, client_id=client_id)
        for kind, token in (("access", tokens.access), ("ID", tokens.id)):
            name = f"{user.roles[0]} {number} by another app client, {kind} token"
            yield Principal(name=name, caller=TokenCaller(token), mode=COGNITO, known=False)


def _strangers(cloud: Cloud, known: Sequence[Principal], user: DemoUser) -> Iterator[Principal]:
    """Invalid credentials: expired, too early, from another place, or forged."""
    cognito = next(who.caller for who in known if who.mode == COGNITO)
    assert isinstance(cognito, TokenCaller)
    iam = next(who.caller for who in known if who.mode == IAM)
    assert isinstance(iam, IamCaller)
    an_hour = 3600.0

    def view(**changes: Any) -> Caller:
        return TokenCaller(cloud.view_token(user.user_id, user.tenant_id, **changes))

    head, _, signature = cognito.token.rpartition(".")
    callers: dict[str, tuple[str, Caller]] = {
        "nobody": (API_KEY, _Silent()),
        "wrong key": (API_KEY, KeyCaller("da2-wrong")),
        "forged JWT": (COGNITO, TokenCaller(f"{head}.{signature[::-1]}")),
        "half a JWT": (COGNITO, TokenCaller(head)),
        "expired view token": (LAMBDA, view(now=lambda: time.time() - 2 * an_hour)),
        "early view token": (LAMBDA, view(not_before=time.time() + an_hour / 2)),
        "view token of another stage": (LAMBDA, view(audience="statusbeam-prod")),
        "view token signed with another secret": (LAMBDA, view(keys=ViewTokenKeys(lambda: ["x" * 64]))),
        "IAM, wrong secret": (IAM, IamCaller(iam.access_key_id, "x" * 40, iam.region)),
    }
    for name, (mode, caller) in callers.items():
        yield Principal(name=name, caller=caller, mode=mode, known=False)


# --- questions --------------------------------------------------------------------------------------------


def questions(world: World, dice: random.Random, count: int) -> Iterator[Case]:
    """`count` requests over HTTP."""
    known = [who for who in world.principals if who.known]
    strangers = [who for who in world.principals if not who.known]
    for number in range(count):
        who = dice.choice(known if dice.random() < 0.85 else strangers)
        operation = dice.choice(READS if dice.random() < 0.75 else WRITES)
        arguments = _ARGUMENTS[operation](world, who, dice)
        literal = dice.random() < 0.03 and operation == "getJob" and isinstance(arguments["jobId"], str)
        yield Case(number=number, who=who, operation=operation, arguments=arguments, literal=literal)


def watches(world: World, dice: random.Random, count: int) -> Iterator[Case]:
    """`count` requests over WebSockets, of principals that may connect."""
    known = [who for who in world.principals if who.known]
    for number in range(count):
        who = dice.choice(known)
        operation = "onStatusUpdate" if dice.random() < 0.8 else "onTenantStatus"
        arguments = _ARGUMENTS[operation](world, who, dice)
        yield Case(number=number, who=who, operation=operation, arguments=arguments)


def _job(world: World, who: Principal, dice: random.Random) -> Any:
    own = [job.job_id for job in world.jobs if (job.user_id, job.tenant_id) == (who.user_id, who.tenant_id)]
    match dice.randrange(10):
        case 0 | 1 | 2 if own:
            return dice.choice(own)
        case 3:
            return dice.choice(STRANGE)
        case 4:
            job = dice.choice(world.jobs).job_id
            return dice.choice(
                (job.upper(), f"{job} ", f"{job}#HEAD", job[:-1], f"JOB#{job}", f"{job}\u0000")
            )
        case _:
            return dice.choice(world.jobs).job_id


def _user(world: World, who: Principal, dice: random.Random) -> Any:
    match dice.randrange(8):
        case 0 | 1 | 2 if who.user_id is not None:
            return who.user_id
        case 3:
            return dice.choice(STRANGE)
        case _:
            return dice.choice(world.owners)[0]


def _tenant(world: World, who: Principal, dice: random.Random) -> Any:
    match dice.randrange(6):
        case 0 | 1:
            return who.tenant_id
        case 2:
            return dice.choice(STRANGE)
        case _:
            return dice.choice(world.owners)[1]


def _digits(dice: random.Random) -> str:
    return f"{dice.getrandbits(48):012x}"


def _get_job(world: World, who: Principal, dice: random.Random) -> dict[str, Any]:
    return {"jobId": _job(world, who, dice)}


def _list_jobs(world: World, who: Principal, dice: random.Random) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    if dice.random() < 0.6:
        asked["limit"] = dice.choice(NUMBERS)
    if dice.random() < 0.4:
        tokens = list(world.page_tokens)
        own = [token for token, holder in world.page_tokens.items() if holder is who]
        asked["nextToken"] = dice.choice(
            own or tokens
            if tokens and dice.random() < 0.4
            else tokens
            if tokens and dice.random() < 0.6
            else (*STRANGE, _job(world, who, dice))
        )
    if dice.random() < 0.3:
        asked["overallStatus"] = dice.choice((None, "processing", "completed", "anything", 1))
    for name in ("workflow", "search"):
        if dice.random() < 0.1:
            asked[name] = dice.choice(STRANGE)
    # With another range, a token of DynamoDB's is for another query.
    return asked if "nextToken" in asked else asked | _range(dice)


def _range(dice: random.Random) -> dict[str, Any]:
    return {name: dice.choice(TIMES) for name in ("createdAfter", "createdBefore") if dice.random() < 0.15}


def _count_jobs(world: World, who: Principal, dice: random.Random) -> dict[str, Any]:
    return _range(dice)


def _cancel(world: World, who: Principal, dice: random.Random) -> dict[str, Any]:
    """Replace the target of an allowed cancellation by a missing job, because the jobs must stay."""
    job_id = _job(world, who, dice)
    model = Model(world.jobs)
    if any(job.job_id == str(job_id) and model.may_cancel(who, job) for job in world.jobs):
        job_id = f"nothing-{_digits(dice)}"
    return {"jobId": job_id, "reason": dice.choice(STRANGE)} if dice.random() < 0.3 else {"jobId": job_id}


def _answer(world: World, who: Principal, dice: random.Random) -> dict[str, Any]:
    """No job waits, so an allowed caller gets NotWaiting."""
    asked = {"jobId": _job(world, who, dice), "approved": dice.random() < 0.5}
    for name in ("invocationId", "comment"):
        if dice.random() < 0.3:
            asked[name] = dice.choice(STRANGE)
    return asked


def _list_updates(world: World, who: Principal, dice: random.Random) -> dict[str, Any]:
    asked = {"jobId": _job(world, who, dice)}
    for name in ("afterSequence", "limit"):
        if dice.random() < 0.4:
            asked[name] = dice.choice(NUMBERS)
    return asked


def _detail(world: World, who: Principal, dice: random.Random) -> dict[str, Any]:
    sequence = dice.choice(NUMBERS) if dice.random() < 0.3 else dice.randrange(1, 5)
    return {"jobId": _job(world, who, dice), "sequence": sequence}


def _sync(world: World, who: Principal, dice: random.Random) -> dict[str, Any]:
    size = dice.choice((0, 1, 1, 2, 3, 5, 25, 26))
    jobs = [_job(world, who, dice) for _ in range(size)]
    asked: dict[str, Any] = {
        "connectionId": dice.choice(CONNECTIONS if dice.random() < 0.3 else CONNECTIONS[:3]),
        "action": dice.choice(
            ("open", "extend", "close", "open", "steal" if dice.random() < 0.2 else "open")
        ),
    }
    if dice.random() < 0.9:
        asked["jobIds"] = jobs if dice.random() < 0.95 else _job(world, who, dice)
    if dice.random() < 0.2:
        asked["joined"] = dice.choice((True, False, None, "yes"))
    return {"input": asked}


def _end(world: World, who: Principal, dice: random.Random) -> dict[str, Any]:
    """Replace the target of an allowed call by a missing user, because the sessions must stay."""
    asked = {"userId": _user(world, who, dice)}
    if dice.random() < 0.7:
        asked["tenantId"] = _tenant(world, who, dice)
    mighty = "admin" in who.roles or who.mode == IAM
    real = any(asked["userId"] == user_id for user_id, _ in world.owners)
    oneself = asked["userId"] == who.user_id and who.job_ids is None
    if real and (mighty or oneself):
        asked["userId"] = f"nobody-{_digits(dice)}"
    return {"input": asked}


def _publish(world: World, who: Principal, dice: random.Random) -> dict[str, Any]:
    job = dice.choice(world.jobs)
    forged = {
        "jobId": job.job_id,
        "userId": job.user_id,
        "tenantId": job.tenant_id,
        "eventId": f"forged-{_digits(dice)}",
        "sequence": dice.randrange(1, 9),
        "type": "agent_status",
        "status": "agent_invoking",
        "message": f"forged-{_digits(dice)}",
        "timestamp": "2026-11-20T10:00:00.000Z",
    }
    return {"input": forged}


def _on_status(world: World, who: Principal, dice: random.Random) -> dict[str, Any]:
    asked = {"userId": _user(world, who, dice)}
    if dice.random() < 0.5:
        asked["jobId"] = _job(world, who, dice)
    return asked | _connection(dice)


def _on_tenant(world: World, who: Principal, dice: random.Random) -> dict[str, Any]:
    return {"tenantId": _tenant(world, who, dice)} | _connection(dice)


def _connection(dice: random.Random) -> dict[str, Any]:
    asked: dict[str, Any] = {"connectionId": dice.choice(CONNECTIONS)} if dice.random() < 0.3 else {}
    return asked | {"joined": dice.choice((True, False, None, "yes"))} if dice.random() < 0.3 else asked


_ARGUMENTS: Mapping[str, Callable[[World, Principal, random.Random], dict[str, Any]]] = {
    "getJob": _get_job,
    "listJobs": _list_jobs,
    "listTenantJobs": _list_jobs,
    "countTenantJobs": _count_jobs,
    "answerWaiting": _answer,
    "cancelJob": _cancel,
    "listStatusUpdates": _list_updates,
    "getStatusDetail": _detail,
    "syncSession": _sync,
    "endSessions": _end,
    "publishStatus": _publish,
    "onStatusUpdate": _on_status,
    "onTenantStatus": _on_tenant,
}
