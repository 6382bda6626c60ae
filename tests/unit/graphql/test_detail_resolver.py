"""getStatusDetail: only the status's readers get its details, and nobody gets their key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from statusbeam.localcloud.appsync.resolvers.javascript import JsResolverError, JsRuntime
from tests.unit.graphql.resolver_harness import (
    ANN,
    API_KEY,
    DAY,
    JOB_TOKEN,
    NOW,
    OPERATOR,
    SERVICE,
    TABLE,
    TOKEN,
    head,
    new_runtime,
    of_field,
    refusal,
    step,
)

BEN = {"sub": "ben", "claims": {"sub": "ben", "tenantId": "north"}}
OTHER_TOKEN = {"resolverContext": {"userId": "ann", "tenantId": "north", "jobIds": "j2"}}
ADMIN = {"sub": "ada", "claims": {"sub": "ada", "tenantId": "north", "cognito:groups": ["admin"]}}
FOREIGN_OPERATOR = {
    "sub": "olga",
    "claims": {"sub": "olga", "tenantId": "south", "cognito:groups": ["operator"]},
}
FOREIGN_NAMESAKE = {"sub": "ann", "claims": {"sub": "ann", "tenantId": "south"}}

KEY = f"{'a' * 64}/{'b' * 64}.json"
MARK = {"spilled": {"bytes": 9_000, "keys": ["text"]}, "sessionId": "s1"}
SPILLED = {"metadata": json.dumps(MARK), "detailKey": KEY}
FOR_OPERATORS = {"operatorDetail": json.dumps({"cause": "x"})}


@pytest.fixture(scope="module")
def runtime() -> Iterator[JsRuntime]:
    yield new_runtime()


def log_entry(**more: Any) -> dict[str, Any]:
    return {"pk": "JOB#north#j1", "sk": "UPDATE#000000000002", "sequence": 2, "expiresAt": NOW + DAY, **more}


def ask(runtime: JsRuntime, identity: Any, *items: Any, kept: Any = None, sequence: int = 2) -> Any:
    """The field's answer; `kept` is the stored object."""
    args = {"jobId": "j1", "sequence": sequence}
    field = of_field(runtime, "Query.getStatusDetail")
    stash = field.request(identity=identity, args=args, stash={}).stash
    entry = step(runtime, "getStatusDetail.logEntry")
    result = {"data": {TABLE: list(items)}, "unprocessedKeys": None}
    read = entry.response(identity=identity, args=args, stash=stash, result=result)
    spilled = step(runtime, "getStatusDetail.spilled")
    ctx = {"identity": identity, "args": args, "stash": read.stash, "prev": {"result": read.value}}
    request = spilled.request(**ctx)
    if request.early_return:
        return request.value
    assert request.value == {"operation": "Invoke", "payload": {"key": KEY}}
    return spilled.response(**ctx, result=kept).value


def answer(detail: Any = None, operator: Any = None) -> dict[str, Any]:
    return {"jobId": "j1", "sequence": 2, "detail": detail, "operatorDetail": operator}


def test_head_and_entry_are_read_together(runtime: JsRuntime) -> None:
    args = {"jobId": "j1", "sequence": 12}
    stash = of_field(runtime, "Query.getStatusDetail").request(identity=ANN, args=args, stash={}).stash
    request = step(runtime, "getStatusDetail.logEntry").request(args=args, stash=stash)
    keys = request.value["tables"][TABLE]["keys"]
    assert [(key["pk"]["S"], key["sk"]["S"]) for key in keys] == [
        ("JOB#north#j1", "HEAD"),
        ("JOB#north#j1", "UPDATE#000000000012"),
    ]


@pytest.mark.parametrize("identity", [ANN, TOKEN, JOB_TOKEN, OPERATOR, ADMIN])
def test_readers_of_the_job_get_spilled_details(runtime: JsRuntime, identity: Any) -> None:
    kept = {"detail": {"text": "m"}, "operatorDetail": None}
    assert ask(runtime, identity, head(), log_entry(**SPILLED), kept=kept)["detail"] == {"text": "m"}


@pytest.mark.parametrize("identity", [OPERATOR, ADMIN])
def test_operators_and_admins_of_the_tenant_get_what_is_for_them(runtime: JsRuntime, identity: Any) -> None:
    assert ask(runtime, identity, head(), log_entry(**FOR_OPERATORS)) == answer(None, {"cause": "x"})
    kept = {"detail": None, "operatorDetail": {"trace": "t"}}
    beside = {"operatorDetail": json.dumps(MARK), "detailKey": KEY}
    assert ask(runtime, identity, head(), log_entry(**beside), kept=kept) == answer(None, {"trace": "t"})


@pytest.mark.parametrize("identity", [ANN, TOKEN, JOB_TOKEN])
def test_the_jobs_own_user_does_not(runtime: JsRuntime, identity: Any) -> None:
    assert ask(runtime, identity, head(), log_entry(**FOR_OPERATORS)) == answer()
    kept = {"detail": {"text": "m"}, "operatorDetail": {"trace": "t"}}
    entry = log_entry(**SPILLED, **FOR_OPERATORS)
    assert ask(runtime, identity, head(), entry, kept=kept) == answer({"text": "m"})


@pytest.mark.parametrize(
    "identity", [BEN, OTHER_TOKEN, FOREIGN_OPERATOR, FOREIGN_NAMESAKE, SERVICE, API_KEY], ids=str
)
def test_to_all_others_it_looks_as_if_there_were_nothing(runtime: JsRuntime, identity: Any) -> None:
    entry = log_entry(**SPILLED, **FOR_OPERATORS)
    assert ask(runtime, identity, head(), entry, kept={"detail": {"text": "m"}}) == answer()


@pytest.mark.parametrize(
    "items",
    [
        [],
        [head()],
        [log_entry(**FOR_OPERATORS)],
        [head(expiresAt=NOW - 1), log_entry(**FOR_OPERATORS)],
        [head(), log_entry(**FOR_OPERATORS, expiresAt=NOW - 1)],
        [head(sequence=1), log_entry(**FOR_OPERATORS)],  # of an earlier use of the job id
    ],
)
def test_a_missing_or_expired_detail_is_null(runtime: JsRuntime, items: list[Any]) -> None:
    assert ask(runtime, OPERATOR, *items) == answer()


def test_metadata_that_was_not_spilled_is_all_there_is(runtime: JsRuntime) -> None:
    assert ask(runtime, ANN, head(), log_entry(metadata='{"a":1}')) == answer({"a": 1})


@pytest.mark.parametrize("said", [True, {"bytes": 9_000}, {"stored": True}, "everything"])
def test_metadata_of_a_caller_that_calls_itself_spilled_is_all_there_is(
    runtime: JsRuntime, said: Any
) -> None:
    metadata = {"spilled": said, "a": 1}
    assert ask(runtime, ANN, head(), log_entry(metadata=json.dumps(metadata))) == answer(metadata)


def test_a_detail_that_could_not_be_stored_is_null(runtime: JsRuntime) -> None:
    metadata = {"spilled": {"bytes": 9_000, "keys": ["text"], "stored": False}}
    assert ask(runtime, ANN, head(), log_entry(metadata=json.dumps(metadata))) == answer()


def test_a_detail_over_its_time_is_null(runtime: JsRuntime) -> None:
    assert ask(runtime, ANN, head(), log_entry(**SPILLED), kept=None) == answer()


@pytest.mark.parametrize("sequence", [0, -1])
def test_a_sequence_that_no_status_has_is_refused(runtime: JsRuntime, sequence: int) -> None:
    field = of_field(runtime, "Query.getStatusDetail")
    asked = {"identity": ANN, "args": {"jobId": "j1", "sequence": sequence}, "stash": {}}
    assert refusal(field, **asked) == "BadRequest"


def test_a_login_without_user_and_tenant_is_refused(runtime: JsRuntime) -> None:
    field = of_field(runtime, "Query.getStatusDetail")
    asked = {"identity": {"claims": {"sub": "x"}}, "args": {"jobId": "j1", "sequence": 1}, "stash": {}}
    assert refusal(field, **asked) == "Forbidden"


def test_a_stores_message_is_not_shown(runtime: JsRuntime) -> None:
    args = {"jobId": "j1", "sequence": 2}
    error = {"message": "arn:aws:lambda:…:function:reader", "type": "Lambda:Unhandled"}
    ctx = {"args": args, "stash": {"detailKey": KEY}, "prev": {"result": answer()}, "error": error}
    for name in ("getStatusDetail.spilled", "getStatusDetail.logEntry"):
        with pytest.raises(JsResolverError) as failed:
            step(runtime, name).response(**ctx, result=None)
        assert failed.value.error_type == "StoreUnavailable"
        assert "arn" not in str(failed.value)
