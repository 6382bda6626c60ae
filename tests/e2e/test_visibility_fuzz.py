"""Ten thousand requests of all callers: nobody reads others' data, and nothing breaks.

`python -m tests.e2e.visibility_run --help` shows how to run more of them.
"""

from __future__ import annotations

import base64
import json
import random

import pytest
from cryptography.fernet import Fernet

from tests.e2e.callers import KeyCaller
from tests.e2e.cloud import Cloud, fresh_id
from tests.e2e.visibility_cases import World, questions, watches
from tests.e2e.visibility_model import API_KEY, COGNITO, LAMBDA, Job, Model, Principal, Told
from tests.e2e.visibility_run import run, token_problems

SEED = 20_261_120
QUESTIONS = 9_000
WATCHES = 1_200
CALLER = KeyCaller("none")


def test_no_caller_reads_others_data_and_nothing_breaks(cloud: Cloud) -> None:
    report = run(cloud, seed=SEED, question_count=QUESTIONS, watch_count=WATCHES)
    assert report.problems == []
    assert report.total >= QUESTIONS + WATCHES
    assert report.deliveries > WATCHES / 10
    for operation in ("getJob", "listJobs", "listStatusUpdates", "syncSession", "onStatusUpdate"):
        assert report.cases[f"{operation}: answer"] > 0
        assert report.cases[f"{operation}: Unauthorized"] > 0


@pytest.fixture(scope="module")
def world() -> World:
    """Two users of one tenant with a job each, an API key, and an unknown caller."""
    people = [
        Principal(name=name, caller=CALLER, mode=COGNITO, user_id=name, tenant_id="city")
        for name in ("ann", "bob")
    ]
    jobs = [
        Job(
            job_id=f"job of {name}",
            user_id=name,
            tenant_id="city",
            statuses=[Told(message=name, note=f"note of {name}", internal="internal")],
        )
        for name in ("ann", "bob")
    ]
    key = Principal(name="key", caller=CALLER, mode=API_KEY)
    stranger = Principal(name="stranger", caller=CALLER, mode=API_KEY, known=False)
    return World(principals=[*people, key, stranger], jobs=jobs)


def test_one_seed_gives_one_list_of_questions(world: World) -> None:
    for ask in (questions, watches):
        first, again = (list(ask(world, random.Random(7), 50)) for _ in range(2))  # noqa: S311 - no secret
        assert first == again


def test_the_oracle_distinguishes_own_and_foreign_jobs(world: World) -> None:
    model, (ann, bob, key, stranger) = Model(world.jobs), world.principals
    assert model.secrets_of(ann) == {"ann", "note of ann"}
    assert model.secrets_of(bob) == {"bob", "note of bob"}
    assert model.secrets_of(key) == set()
    assert model.expect(ann, "getJob", {"jobId": "job of ann"}).data["sequence"] == 1
    assert model.expect(ann, "getJob", {"jobId": "job of bob"}).data["sequence"] == 0
    assert model.expect(ann, "onStatusUpdate", {"userId": "bob"}).kind == "Forbidden"
    assert model.expect(ann, "onTenantStatus", {"tenantId": "city"}).kind == "Forbidden"
    assert model.expect(key, "listJobs", {}).kind == "Unauthorized"
    assert model.expect(stranger, "getJob", {"jobId": "job of ann"}).kind == "refused"


def test_the_oracle_distinguishes_jobs_with_one_id_in_two_tenants() -> None:
    principals = [
        Principal(
            name=tenant,
            caller=CALLER,
            mode=COGNITO,
            user_id="olga",
            tenant_id=tenant,
            roles=frozenset({"operator"}),
        )
        for tenant in ("city", "village", "hamlet")
    ]
    jobs = [
        Job(
            job_id="report",
            user_id="ann",
            tenant_id=tenant,
            statuses=[Told(message=f"of {tenant}", note=f"note of {tenant}", internal=f"inside {tenant}")],
        )
        for tenant in ("city", "village")
    ]
    model = Model(jobs)
    seen = [model.expect(who, "listStatusUpdates", {"jobId": "report"}).data["updates"] for who in principals]
    assert seen == [[{"message": "of city"}], [{"message": "of village"}], []]
    assert model.secrets_of(principals[0]) == {"of city", "note of city", "inside city"}
    assert model.secrets_of(principals[2]) == set()


def test_the_fuzz_detects_a_page_token_that_reveals_its_key() -> None:
    marker = fresh_id("zoé")
    key = json.dumps({"pk": f"USER#public#{marker}"}, ensure_ascii=False).encode()
    reader = Principal(name="reader", caller=CALLER, mode=COGNITO, user_id="ann", tenant_id="city")
    readable = base64.urlsafe_b64encode(key).decode()
    assert list(token_problems(reader, readable, [marker])) == [f"LEAK of ['{marker}'] in a page token"]
    assert list(token_problems(reader, marker, [marker])) == [f"a page token that is not opaque: {marker}"]
    encrypted = Fernet(Fernet.generate_key()).encrypt(key).decode()
    assert list(token_problems(reader, encrypted, [marker])) == []


def test_the_fuzz_detects_a_limited_list_that_continues_with_another_job() -> None:
    holder = Principal(name="holder", caller=CALLER, mode=LAMBDA, job_ids=("job-1", "job-2"))
    assert list(token_problems(holder, "job-2", [])) == []
    assert list(token_problems(holder, "job-3", [])) == ["a page token that is none of their jobs: job-3"]
