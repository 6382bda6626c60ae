"""Pushes to AppSync, against a real HTTP server that answers as AppSync does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from graphql import FieldNode, OperationDefinitionNode, parse, validate

from statusbeam.log.publishing.appsync import MUTATION, AppSyncBroadcaster, sigv4
from statusbeam.model.errors import BroadcastError
from statusbeam.model.settings import FIREWALL_PASS_HEADER
from statusbeam.model.update import FIELDS
from tests.unit.local_http import Answer, LocalServer, Received, json_answer, local_server
from tests.unit.samples import update
from tests.unit.wire_schema import SCHEMA

OK = json_answer({"data": {"publishStatus": {"jobId": "job-1"}}})
CREDENTIALS = Credentials("AKIATEST", "secret", "session-token")


def broadcaster(server: LocalServer, timeout: float = 5) -> AppSyncBroadcaster:
    return AppSyncBroadcaster(
        f"{server.url}/graphql",
        sigv4(CREDENTIALS, region="eu-west-1"),
        timeout_seconds=(timeout, timeout),
    )


def test_a_push_is_one_mutation_with_the_status_as_input() -> None:
    status = update(metadata={"street": "Elm Street"}).numbered(3)
    with local_server(OK) as appsync:
        broadcaster(appsync).push(status)
        (request,) = appsync.received
    assert request.path == "/graphql"
    assert json.loads(request.body) == {"query": MUTATION, "variables": {"input": status.to_wire()}}


def test_the_mutation_is_valid_against_the_schema() -> None:
    assert validate(SCHEMA, parse(MUTATION)) == []


def test_the_mutation_selects_every_field_unaliased_and_those_of_earlier_too() -> None:
    (operation,) = parse(MUTATION).definitions
    assert isinstance(operation, OperationDefinitionNode)
    (publish,) = operation.selection_set.selections
    assert _selected(publish) == set(FIELDS)
    (earlier,) = [s for s in _fields(publish) if s.name.value == "earlier"]
    assert _selected(earlier) == set(FIELDS) - {"earlier"}


def _fields(node: object) -> list[FieldNode]:
    assert isinstance(node, FieldNode)
    assert node.selection_set is not None
    return [field for field in node.selection_set.selections if isinstance(field, FieldNode)]


def _selected(node: object) -> set[str]:
    assert all(field.alias is None for field in _fields(node))
    return {field.name.value for field in _fields(node)}


def test_a_push_shows_the_firewall_its_pass_beside_a_signature_that_does_not_cover_it() -> None:
    auth = sigv4(CREDENTIALS, region="eu-west-1")
    with local_server(OK, OK) as appsync:
        AppSyncBroadcaster(f"{appsync.url}/graphql", auth, firewall_pass="let-me-pass").push(update())
        AppSyncBroadcaster(f"{appsync.url}/graphql", auth).push(update())
        shown, hidden = (request.headers for request in appsync.received)
    assert shown[FIREWALL_PASS_HEADER] == "let-me-pass"
    assert FIREWALL_PASS_HEADER not in shown["authorization"]
    assert FIREWALL_PASS_HEADER not in hidden


def test_the_connection_is_kept() -> None:
    with local_server(OK) as appsync:
        pushing = broadcaster(appsync)
        for sequence in (1, 2, 3):
            pushing.push(update().numbered(sequence))
        assert [request.connection for request in appsync.received] == [1, 1, 1]


def test_a_kept_connection_that_was_closed_meanwhile_is_replaced() -> None:
    with local_server(OK, Answer(hang_up=True), OK) as appsync:
        pushing = broadcaster(appsync)
        pushing.push(update().numbered(1))
        pushing.push(update().numbered(2))
        assert [request.connection for request in appsync.received] == [1, 1, 2]


def _verify(request: Received, url: str, credentials: Credentials) -> None:
    """Sign the same request with botocore and compare."""
    _, _, signed = request.headers["authorization"].partition("SignedHeaders=")
    names = signed.partition(",")[0].split(";")
    copy = AWSRequest("POST", f"{url}{request.path}", headers={name: request.headers[name] for name in names})
    copy.data = request.body
    copy.context["timestamp"] = request.headers["x-amz-date"]
    signer = SigV4Auth(credentials, "appsync", "eu-west-1")
    canonical = signer.canonical_request(copy)
    signature = signer.signature(signer.string_to_sign(copy, canonical), copy)
    assert request.headers["authorization"].endswith(f"Signature={signature}")


def test_a_push_is_signed_for_appsync() -> None:
    with local_server(OK) as appsync:
        broadcaster(appsync).push(update().numbered(1))
        (request,) = appsync.received
        assert "/eu-west-1/appsync/aws4_request" in request.headers["authorization"]
        assert request.headers["x-amz-security-token"] == "session-token"
        _verify(request, appsync.url, CREDENTIALS)


def test_credentials_that_were_refreshed_sign_the_next_push() -> None:
    credentials = Credentials("AKIAOLD", "old", "old-token")
    with local_server(OK) as appsync:
        pushing = AppSyncBroadcaster(f"{appsync.url}/graphql", sigv4(credentials, region="eu-west-1"))
        pushing.push(update().numbered(1))
        credentials.access_key, credentials.secret_key = "AKIANEW", "new"
        credentials.token = "new-token"
        pushing.push(update().numbered(2))
        assert "Credential=AKIANEW/" in appsync.received[1].headers["authorization"]
        _verify(appsync.received[1], appsync.url, credentials)


def graphql_error(error_type: str | None, data: Any = None) -> Answer:
    error = {"message": "no", "path": ["publishStatus"]}
    return json_answer({"data": data, "errors": [error | ({"errorType": error_type} if error_type else {})]})


REFUSALS = [
    # answer, code, retriable
    (graphql_error("Unauthorized"), "Unauthorized", False),
    (graphql_error("MappingTemplate"), "MappingTemplate", False),
    (graphql_error(None), "graphql", False),
    (graphql_error("InternalFailure"), "InternalFailure", True),
    (graphql_error("ThrottlingException"), "ThrottlingException", True),
    (graphql_error("ExecutionTimeout"), "ExecutionTimeout", True),
    # an error beside partial data is an error
    (graphql_error("MappingTemplate", data={"publishStatus": {"jobId": "job-1"}}), "MappingTemplate", False),
    (json_answer({"errors": {"errorType": "LimitExceededError"}}), "LimitExceededError", False),
    (json_answer({"data": {"publishStatus": None}}), "empty_answer", False),
    (json_answer({"data": None}), "empty_answer", False),
    (json_answer(["?"]), "empty_answer", False),
    (Answer(body=b"<html>"), "bad_answer", True),
    (json_answer({"errors": [{"errorType": "UnauthorizedException"}]}, 401), "http_401", False),
    (json_answer({"message": "bad"}, 400), "http_400", False),
    (json_answer({"message": "elsewhere"}, 302), "http_302", False),
    (json_answer({"message": "slow down"}, 429), "http_429", True),
    (json_answer({"message": "down"}, 500), "http_500", True),
    (json_answer({"message": "down"}, 503), "http_503", True),
]


@pytest.mark.parametrize(("answer", "code", "retriable"), REFUSALS)
def test_a_rejected_push_has_a_reason_and_is_retriable_or_not(
    answer: Answer, code: str, retriable: bool
) -> None:
    with local_server(answer) as appsync, pytest.raises(BroadcastError) as failed:
        broadcaster(appsync).push(update().numbered(1))
    assert (failed.value.code, failed.value.retriable) == (code, retriable)


def test_an_answer_that_never_comes_ends_at_the_timeout_without_a_second_try() -> None:
    with local_server(Answer(hang=True)) as appsync:
        with pytest.raises(BroadcastError) as failed:
            broadcaster(appsync, timeout=0.05).push(update().numbered(1))
        appsync.wait_for(1)
    assert len(appsync.received) == 1
    assert (failed.value.code, failed.value.retriable) == ("no_answer", True)


def test_a_closed_port_is_retriable() -> None:
    with local_server(OK) as gone:
        pushing = broadcaster(gone)
    with pytest.raises(BroadcastError) as failed:
        pushing.push(update().numbered(1))
    assert (failed.value.code, failed.value.retriable) == ("no_answer", True)


def test_no_error_shows_the_signature_or_the_token() -> None:
    with local_server(graphql_error("Unauthorized")) as appsync, pytest.raises(BroadcastError) as failed:
        broadcaster(appsync).push(update().numbered(1))
    assert "session-token" not in failed.value.message
    assert "Signature" not in failed.value.message


def test_proxies_and_certificates_of_the_environment_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with local_server(OK) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        pushing = AppSyncBroadcaster("http://appsync.invalid/graphql", sigv4(CREDENTIALS, region="eu-west-1"))
        pushing.push(update().numbered(1))
        (request,) = proxy.received
    assert request.path == "http://appsync.invalid/graphql"
