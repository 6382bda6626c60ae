"""User A never receives user B's statuses, with any request in any mode."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from statusbeam.model.settings import PUBLIC_TENANT
from tests.e2e.appsync_socket import AppSyncSocket, connected
from tests.e2e.callers import Caller, IamCaller, TokenCaller
from tests.e2e.cloud import Cloud, HttpRefusalError, PublishError, fresh_id, status

FIELDS = "{ jobId userId tenantId sequence message metadata earlier { message } }"
_FIELD = "onStatusUpdate(userId: $userId, jobId: $jobId)"
WATCH = f"subscription Watch($userId: ID!, $jobId: ID) {{ {_FIELD} {FIELDS} }}"
WATCH_TENANT = f"subscription WatchTenant($tenantId: ID!) {{ onTenantStatus(tenantId: $tenantId) {FIELDS} }}"


@dataclass(frozen=True, kw_only=True)
class Person:
    """A user of a tenant, how they come, and a job of theirs."""

    user_id: str
    tenant_id: str
    job_id: str
    caller: Caller


Request = tuple[str, Mapping[str, Any]]
Attack = Callable[[Person, Person, str], Request]
"""(attacker, victim, the victim's job) -> a subscription and its variables"""

ATTACKS: dict[str, Attack] = {
    "the victim's user id": lambda a, b, job: (WATCH, {"userId": b.user_id}),
    "the victim's user id and job": lambda a, b, job: (WATCH, {"userId": b.user_id, "jobId": job}),
    "the own user id and the victim's job": lambda a, b, job: (WATCH, {"userId": a.user_id, "jobId": job}),
    "the own user id alone": lambda a, b, job: (WATCH, {"userId": a.user_id}),
    "the own user id and no job, said aloud": lambda a, b, job: (
        WATCH,
        {"userId": a.user_id, "jobId": None},
    ),
    "an alias": lambda a, b, job: (
        f"subscription($userId: ID!) {{ mine: onStatusUpdate(userId: $userId) {FIELDS} }}",
        {"userId": b.user_id},
    ),
    "a literal in the document": lambda a, b, job: (
        f"subscription {{ onStatusUpdate(userId: {json.dumps(b.user_id)}) {FIELDS} }}",
        {},
    ),
    "a default of a variable": lambda a, b, job: (
        f"subscription($userId: ID! = {json.dumps(b.user_id)}) "
        f"{{ onStatusUpdate(userId: $userId) {FIELDS} }}",
        {},
    ),
    "a fragment": lambda a, b, job: (
        "subscription($userId: ID!) { ...Theirs } "
        f"fragment Theirs on Subscription {{ onStatusUpdate(userId: $userId) {FIELDS} }}",
        {"userId": b.user_id},
    ),
    "two fields, the own one first": lambda a, b, job: (
        f"subscription($a: ID!, $b: ID!) {{ onStatusUpdate(userId: $a) {FIELDS} "
        f"theirs: onStatusUpdate(userId: $b) {FIELDS} }}",
        {"a": a.user_id, "b": b.user_id},
    ),
    "the own field skipped, the victim's included by directive": lambda a, b, job: (
        f"subscription($a: ID!, $b: ID!) {{ onStatusUpdate(userId: $a) @skip(if: true) {FIELDS} "
        f"theirs: onStatusUpdate(userId: $b) @include(if: true) {FIELDS} }}",
        {"a": a.user_id, "b": b.user_id},
    ),
    "variables nobody asked for": lambda a, b, job: (
        WATCH,
        {
            "userId": a.user_id,
            "tenantId": b.tenant_id,
            "filter": {"userId": {"eq": b.user_id}},
            "owner": b.user_id,
        },
    ),
    "a pattern": lambda a, b, job: (WATCH, {"userId": "*"}),
    "nobody": lambda a, b, job: (WATCH, {"userId": ""}),
    "a list": lambda a, b, job: (WATCH, {"userId": [a.user_id, b.user_id]}),
    "an operator instead of a value": lambda a, b, job: (WATCH, {"userId": {"ne": a.user_id}}),
    "null as the user": lambda a, b, job: (WATCH, {"userId": None}),
    "the key of a tenant's session": lambda a, b, job: (WATCH, {"userId": "#tenant"}),
    "the victim's tenant": lambda a, b, job: (WATCH_TENANT, {"tenantId": b.tenant_id}),
    "a pattern of tenants": lambda a, b, job: (WATCH_TENANT, {"tenantId": "*"}),
    "no tenant": lambda a, b, job: (WATCH_TENANT, {"tenantId": ""}),
}

READS = {
    "getJob": "query($job: ID!) { getJob(jobId: $job) { userId overallStatus sequence agents { name } } }",
    "getJob behind an alias": "query($job: ID!) { mine: getJob(jobId: $job) { userId sequence } }",
    "listStatusUpdates": "query($job: ID!) { listStatusUpdates(jobId: $job) "
    "{ updates { message } currentSequence recovered reason } }",
    "listStatusUpdates from the first": "query($job: ID!) { listStatusUpdates(jobId: $job, afterSequence: 1) "
    "{ updates { message } currentSequence recovered reason } }",
    "syncSession": 'mutation($job: ID!) { syncSession(input: {connectionId: "spy", action: open, '
    "jobIds: [$job]}) { jobs { jobId sequence epoch } } }",
    "listJobs": "query { listJobs { jobs { jobId userId tenantId } } }",
}


@pytest.fixture(scope="module")
def victims(cloud: Cloud) -> Iterator[list[tuple[Person, AppSyncSocket]]]:
    """A user of the attackers' tenant and a user of another one, who watch their own jobs throughout.

    Without a live session of theirs nothing of theirs would be pushed at all.
    """
    with ExitStack() as sockets:
        watching = []
        for user in (cloud.user(tenant=0, which=1), cloud.user(tenant=1)):
            person = Person(
                user_id=user.user_id,
                tenant_id=user.tenant_id,
                job_id=fresh_id("job"),
                caller=cloud.caller(user),
            )
            socket = sockets.enter_context(connected(cloud.outputs.realtime_url, cloud.host, person.caller))
            assert socket.start(WATCH, {"userId": person.user_id})["type"] == "start_ack"
            watching.append((person, socket))
        yield watching


@pytest.fixture(scope="module")
def attackers(cloud: Cloud, iam_reader: IamCaller) -> dict[str, Person]:
    """All readers, by mode."""
    user = cloud.user(tenant=0)
    job_id = fresh_id("job")

    def viewer(token: str) -> Person:
        caller = TokenCaller(token)
        return Person(user_id=user.user_id, tenant_id=user.tenant_id, job_id=job_id, caller=caller)

    def guest(caller: Caller) -> Person:
        user_id = fresh_id("guest")
        return Person(user_id=user_id, tenant_id=PUBLIC_TENANT, job_id=fresh_id("job"), caller=caller)

    tokens = cloud.sign_in(user)
    return {
        "user pool": viewer(tokens.access),
        "user pool, ID token": viewer(tokens.id),
        "view token": viewer(cloud.view_token(user.user_id, user.tenant_id)),
        "view token for one job": viewer(cloud.view_token(user.user_id, user.tenant_id, job_ids=[job_id])),
        "API key": guest(cloud.key_caller),
        "IAM": guest(iam_reader),
    }


MODES = ("user pool", "user pool, ID token", "view token", "view token for one job", "API key", "IAM")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("attack", ATTACKS)
def test_no_subscription_receives_another_users_statuses(
    cloud: Cloud,
    victims: list[tuple[Person, AppSyncSocket]],
    attackers: dict[str, Person],
    mode: str,
    attack: str,
) -> None:
    attacker = attackers[mode]
    secret = fresh_id("secret")
    with connected(cloud.outputs.realtime_url, cloud.host, attacker.caller) as spy:
        for victim, watching in victims:
            job = fresh_id("job")
            spy.start(*ATTACKS[attack](attacker, victim, job))
            cloud.publish(status(job, victim.user_id, victim.tenant_id, secret))
            watching.until_message(secret)
        # A status of the attacker's own comes after theirs on the same socket: then nothing is on its way.
        assert spy.start(WATCH, {"userId": attacker.user_id, "jobId": attacker.job_id})["type"] == "start_ack"
        own = fresh_id("own")
        cloud.publish(status(attacker.job_id, attacker.user_id, attacker.tenant_id, own))
        spy.until_message(own)
        assert secret not in json.dumps(spy.frames)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("read", READS)
def test_another_users_job_looks_exactly_like_one_that_does_not_exist(
    cloud: Cloud,
    victims: list[tuple[Person, AppSyncSocket]],
    attackers: dict[str, Person],
    mode: str,
    read: str,
) -> None:
    caller = attackers[mode].caller
    for victim, _ in victims:
        job, nowhere = fresh_id("job"), fresh_id("job")
        before = _answer(cloud, caller, READS[read], {"job": nowhere})
        cloud.publish(status(job, victim.user_id, victim.tenant_id, "secret"))
        assert _answer(cloud, caller, READS[read], {"job": job}).replace(job, nowhere) == before
        assert victim.user_id not in before


def _answer(cloud: Cloud, caller: Caller, query: str, variables: Mapping[str, Any]) -> str:
    try:
        return json.dumps(cloud.graphql(caller, query, variables))
    except HttpRefusalError as error:
        return str(error)


@pytest.mark.parametrize("mode", MODES)
def test_readers_may_not_publish(cloud: Cloud, attackers: dict[str, Person], mode: str) -> None:
    attacker = attackers[mode]
    forged = {
        **status(attacker.job_id, attacker.user_id, attacker.tenant_id, "forged"),
        "sequence": 1,
        "type": "agent_status",
        "timestamp": "2026-11-20T10:00:00.000Z",
    }
    mutation = "mutation($input: StatusInput!) { publishStatus(input: $input) { jobId userId message } }"
    with connected(cloud.outputs.realtime_url, cloud.host, attacker.caller) as watching:
        arguments = {"userId": attacker.user_id, "jobId": attacker.job_id}
        assert watching.start(WATCH, arguments)["type"] == "start_ack"
        assert "nauthorized" in _answer(cloud, attacker.caller, mutation, {"input": forged})
        own = fresh_id("own")
        cloud.publish(status(attacker.job_id, attacker.user_id, attacker.tenant_id, own))
        watching.until_message(own)
        assert "forged" not in json.dumps(watching.data)


def test_the_same_user_id_in_another_tenant_is_somebody_else(cloud: Cloud) -> None:
    user_id, here, there = fresh_id("user"), fresh_id("tenant"), fresh_id("tenant")
    own, secret = fresh_id("own"), fresh_id("secret")
    tokens = [TokenCaller(cloud.view_token(user_id, tenant)) for tenant in (here, there)]
    with (
        connected(cloud.outputs.realtime_url, cloud.host, tokens[0]) as spy,
        connected(cloud.outputs.realtime_url, cloud.host, tokens[1]) as watching,
    ):
        for socket in (spy, watching):
            assert socket.start(WATCH, {"userId": user_id})["type"] == "start_ack"
        cloud.publish(status(fresh_id("job"), user_id, there, secret))
        watching.until_message(secret)
        cloud.publish(status(fresh_id("job"), user_id, here, own))
        spy.until_message(own)
        assert secret not in json.dumps(spy.frames)


# --- operators --------------------------------------------------------------------------------------------


def test_an_operator_sees_the_own_tenant_and_no_other(
    cloud: Cloud, victims: list[tuple[Person, AppSyncSocket]]
) -> None:
    operator = cloud.user(tenant=0, role="operator")
    (colleague, watching), (stranger, elsewhere) = victims
    own, secret = fresh_id("own"), fresh_id("secret")
    with connected(cloud.outputs.realtime_url, cloud.host, cloud.caller(operator)) as socket:
        refused = socket.start(WATCH_TENANT, {"tenantId": stranger.tenant_id})
        assert refused["type"] == "error"
        assert socket.start(WATCH_TENANT, {"tenantId": operator.tenant_id})["type"] == "start_ack"
        cloud.publish(status(fresh_id("job"), stranger.user_id, stranger.tenant_id, secret))
        elsewhere.until_message(secret)
        cloud.publish(status(fresh_id("job"), colleague.user_id, colleague.tenant_id, own))
        watching.until_message(own)
        socket.until_message(own)
        assert secret not in json.dumps(socket.frames)


@pytest.mark.parametrize("read", READS)
def test_an_operator_reads_any_job_of_the_own_tenant_and_lists_only_own_ones(
    cloud: Cloud, victims: list[tuple[Person, AppSyncSocket]], read: str
) -> None:
    operator = cloud.caller(cloud.user(tenant=0, role="operator"))
    for victim, _ in victims:
        job, nowhere, told = fresh_id("job"), fresh_id("job"), fresh_id("told")
        before = _answer(cloud, operator, READS[read], {"job": nowhere})
        for message in (told, "second"):
            cloud.publish(status(job, victim.user_id, victim.tenant_id, message))
        now = _answer(cloud, operator, READS[read], {"job": job}).replace(job, nowhere)
        is_told = victim.tenant_id == cloud.user(tenant=0).tenant_id and read != "listJobs"
        assert (now != before) == is_told


def test_an_operator_may_not_subscribe_as_somebody_else(
    cloud: Cloud, victims: list[tuple[Person, AppSyncSocket]]
) -> None:
    operator = cloud.caller(cloud.user(tenant=0, role="operator"))
    with connected(cloud.outputs.realtime_url, cloud.host, operator) as socket:
        for victim, _ in victims:
            refusal = socket.start(WATCH, {"userId": victim.user_id})
            assert [error["errorType"] for error in refusal["payload"]["errors"]] == ["Forbidden"]


def test_a_refusal_does_not_make_amplify_close_the_socket(cloud: Cloud, attackers: dict[str, Person]) -> None:
    # Amplify closes the socket that all of its subscriptions share when the type begins with Unauthorized.
    attacker = attackers["user pool"]
    with connected(cloud.outputs.realtime_url, cloud.host, attacker.caller) as socket:
        refusal = socket.start(WATCH, {"userId": "somebody-else"})
    assert [error["errorType"] for error in refusal["payload"]["errors"]] == ["Forbidden"]


# the same job id in two tenants


def _read(cloud: Cloud, caller: Caller, job: str) -> dict[str, Any]:
    """A reader's view of a job: its owner, its position, and its messages."""
    query = (
        "query($job: ID!) { getJob(jobId: $job) { userId tenantId sequence } "
        "listStatusUpdates(jobId: $job) { updates { message } currentSequence recovered } }"
    )
    answer = cloud.graphql(caller, query, {"job": job})
    assert "errors" not in answer, answer
    job_state, page = answer["data"]["getJob"], answer["data"]["listStatusUpdates"]
    messages = [update["message"] for update in page["updates"]]
    return {**job_state, "messages": messages, "recovered": page["recovered"]}


def test_two_tenants_use_one_job_id_and_each_sees_its_own(
    cloud: Cloud, victims: list[tuple[Person, AppSyncSocket]]
) -> None:
    job = f"monthly report #{fresh_id('2026-11')}"
    for number in range(2):
        for person, _ in victims:
            message = f"{number} of {person.tenant_id} {job}"
            cloud.publish(status(job, person.user_id, person.tenant_id, message))
    (one, own), (other, others) = victims
    assert one.tenant_id != other.tenant_id
    for person, socket in ((one, own), (other, others)):
        messages = [f"{number} of {person.tenant_id} {job}" for number in range(2)]
        socket.until_message(messages[-1])
        assert _read(cloud, person.caller, job) == {
            "userId": person.user_id,
            "tenantId": person.tenant_id,
            "sequence": 2,
            "messages": messages,
            "recovered": True,
        }
    assert f"of {other.tenant_id}" not in json.dumps(own.frames)
    assert f"of {one.tenant_id}" not in json.dumps(others.frames)


def test_operators_of_two_tenants_read_their_own_tenants_job_of_one_id(
    cloud: Cloud, victims: list[tuple[Person, AppSyncSocket]]
) -> None:
    job = fresh_id("shared")
    for person, _ in victims:
        cloud.publish(status(job, person.user_id, person.tenant_id, f"for {person.tenant_id}"))
    for number, (person, _) in enumerate(victims):
        operator = cloud.caller(cloud.user(tenant=number, role="operator"))
        read = _read(cloud, operator, job)
        assert (read["userId"], read["messages"]) == (person.user_id, [f"for {person.tenant_id}"])


def test_within_a_tenant_a_job_stays_its_first_users_and_the_answer_names_why(
    cloud: Cloud, attackers: dict[str, Person], victims: list[tuple[Person, AppSyncSocket]]
) -> None:
    victim = victims[0][0]
    attacker = attackers["user pool"]
    assert attacker.tenant_id == victim.tenant_id
    job, secret = fresh_id("job"), fresh_id("secret")
    cloud.publish(status(job, victim.user_id, victim.tenant_id, secret))
    with pytest.raises(PublishError, match="foreign_owner"):
        cloud.publish(status(job, attacker.user_id, attacker.tenant_id, "mine now"))
    assert _read(cloud, victim.caller, job)["messages"] == [secret]


def test_an_operator_closes_no_watch_of_another_one_under_the_same_connection_id(cloud: Cloud) -> None:
    tenant, connection = fresh_id("tenant"), fresh_id("connection")
    one, other = (cloud.new_user(tenant, "operator") for _ in range(2))
    viewer = cloud.new_user(tenant)
    watch = (
        "subscription($tenantId: ID!, $connectionId: ID!) "
        f"{{ onTenantStatus(tenantId: $tenantId, connectionId: $connectionId) {FIELDS} }}"
    )
    close = (
        "mutation($connectionId: ID!) { syncSession(input: {connectionId: $connectionId, action: close}) "
        "{ expiresAt } }"
    )
    with connected(cloud.outputs.realtime_url, cloud.host, cloud.caller(one)) as socket:
        started = socket.start(watch, {"tenantId": tenant, "connectionId": connection})
        assert started["type"] == "start_ack"
        answer = cloud.graphql(cloud.caller(other), close, {"connectionId": connection})
        assert answer["data"]["syncSession"] == {"expiresAt": 0}
        secret = fresh_id("told")
        cloud.publish(status(fresh_id("job"), viewer.user_id, tenant, secret))
        socket.until_message(secret)
