"""The three ways a handshake carries its authorization."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from statusbeam.localcloud.appsync.contract import AppSyncError
from statusbeam.localcloud.appsync.realtime.authorization import (
    connect_request,
    offered_subprotocols,
    start_request,
)

# Chosen so that its base64 holds all of `+`, `/` and `=`.
CLAIMS = {"host": "127.0.0.1:4000", "x-api-key": "da2-\u00fb\u00ff\u00be?>~~\u07ff"}
RAW = json.dumps(CLAIMS, ensure_ascii=False).encode()
STANDARD = base64.b64encode(RAW).decode()
URL_SAFE = base64.urlsafe_b64encode(RAW).rstrip(b"=").decode()


def test_the_sample_holds_every_awkward_character() -> None:
    assert "+" in STANDARD
    assert "/" in STANDARD
    assert STANDARD.endswith("=")


@pytest.mark.parametrize(
    "query",
    [
        f"header={STANDARD}&payload=e30=",  # gql and the Go client: raw
        f"header={quote(STANDARD, safe='')}&payload=e30%3D",  # Kotlin and browsers: percent-encoded
        f"payload=e30=&header={STANDARD}",
        f"header={STANDARD.rstrip('=')}",
        f"header={URL_SAFE}",
        f"other&x=1&header={STANDARD}",
    ],
)
def test_query_carrier_is_read_raw_and_percent_encoded(query: str) -> None:
    assert connect_request(query, {"host": "realtime"}).headers == CLAIMS


def test_subprotocol_carrier_is_read() -> None:
    request = connect_request("", {"sec-websocket-protocol": f"graphql-ws, header-{URL_SAFE}"})
    assert request.headers == CLAIMS


def test_plain_headers_are_the_carrier_when_there_is_no_other() -> None:
    headers = {"host": "127.0.0.1:4000", "authorization": "token", "sec-websocket-protocol": "graphql-ws"}
    assert connect_request("", headers).headers == headers


def test_query_carrier_wins_over_the_subprotocol_and_that_over_plain_headers() -> None:
    other = base64.urlsafe_b64encode(b'{"authorization":"other"}').rstrip(b"=").decode()
    headers = {"sec-websocket-protocol": f"graphql-ws, header-{other}", "authorization": "plain"}
    assert connect_request(f"header={STANDARD}", headers).headers == CLAIMS
    assert connect_request("", headers).headers == {"authorization": "other"}


def test_connect_is_checked_as_a_post_of_an_empty_object_to_the_connect_path() -> None:
    request = connect_request(f"header={STANDARD}", {})
    assert (request.method, request.path, request.body) == ("POST", "/graphql/connect", b"{}")


@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
def test_header_names_are_lower_case_whatever_the_client_wrote(name: str) -> None:
    encoded = base64.b64encode(json.dumps({name: "t", "X-Amz-Date": "d"}).encode()).decode()
    assert connect_request(f"header={encoded}", {}).headers == {"authorization": "t", "x-amz-date": "d"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "%%%",
        "a",  # no base64 has one character
        "ä",
        base64.b64encode(b"not json").decode(),
        base64.b64encode(b"[]").decode(),
        base64.b64encode(b'"text"').decode(),
        base64.b64encode(b'{"host": 1}').decode(),
        base64.b64encode(b'{"host": {"a": "b"}}').decode(),
        base64.b64encode(b"[" * 100_000).decode(),
        base64.b64encode(b"\xff\xfe").decode(),
    ],
)
def test_unreadable_carrier_is_a_bad_request(text: str) -> None:
    with pytest.raises(AppSyncError) as raised:
        connect_request(f"header={text}", {})
    assert (raised.value.error_type, raised.value.status) == ("BadRequestException", 400)


def test_start_is_checked_as_a_post_of_the_exact_data_text() -> None:
    data = '{"query":"subscription { a }",  "variables":{"x":"ü"}}'
    request = start_request({"Host": "h", "Authorization": "t"}, data)
    assert (request.method, request.path) == ("POST", "/graphql")
    assert request.body == data.encode()
    assert request.headers == {"host": "h", "authorization": "t"}


def test_start_whose_authorization_holds_other_than_strings_is_a_bad_request() -> None:
    with pytest.raises(AppSyncError):
        start_request({"host": None}, "{}")


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("graphql-ws", ("graphql-ws",)),
        ("graphql-ws, header-abc", ("graphql-ws", "header-abc")),
        ("header-abc,graphql-ws ,", ("header-abc", "graphql-ws")),
        ("", ()),
    ],
)
def test_offered_subprotocols_are_split_at_commas(value: str, names: tuple[str, ...]) -> None:
    assert offered_subprotocols(value) == names
