"""AppSync's protocol as transcripts: the client's messages and the server's."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusbeam.localcloud.appsync.contract import AppSyncError, AuthenticationError
from statusbeam.localcloud.appsync.limits import Limits
from statusbeam.localcloud.appsync.operations import parse_operation
from statusbeam.localcloud.appsync.realtime.faults import Faults, Switches
from statusbeam.localcloud.appsync.realtime.protocol import (
    RealtimeProtocol,
    Start,
    State,
    Stopped,
    data_prefix,
)

UNSUPPORTED = {
    "type": "error",
    "payload": {
        "errors": [
            {
                "errorType": "UnsupportedOperation",
                "message": "unknown not supported through the realtime channel",
            }
        ]
    },
}
AUTHORIZATION = {"host": "127.0.0.1:4000", "x-api-key": "k"}
QUERY = "subscription S($u: ID!) { onStatusUpdate(userId: $u) { jobId } }"


class Conversation:
    """A protocol and the client's side of it; handles are the ids in capitals."""

    def __init__(
        self, *, refusal: AppSyncError | None = None, limits: Limits | None = None, as_object: bool = False
    ) -> None:
        dice = random.Random(1)  # noqa: S311 - a test's dice
        faults = Faults(dice, Switches(errors_as_object=as_object))
        self.protocol: RealtimeProtocol[str] = RealtimeProtocol(
            limits or Limits(), faults, "127.0.0.1:4000", refusal
        )

    def say(self, message: Any) -> Start | Stopped[str] | None:
        return self.protocol.receive(message if isinstance(message, str) else json.dumps(message))

    def heard(self) -> list[Any]:
        return [json.loads(message) for message in self.protocol.take_messages()]

    def subscribe(self, subscription_id: Any) -> None:
        start = self.say(start_message(subscription_id))
        assert isinstance(start, Start)
        self.protocol.accept(start.id, f"handle {start.id}")


def start_message(subscription_id: Any, **changes: Any) -> dict[str, Any]:
    data = json.dumps({"query": QUERY, "variables": {"u": "ann"}})
    payload = {"data": data, "extensions": {"authorization": AUTHORIZATION}} | changes
    return {"type": "start", "id": subscription_id, "payload": payload}


def test_init_is_acknowledged_with_the_timeout_and_a_first_keep_alive() -> None:
    talk = Conversation()
    talk.say({"type": "connection_init"})
    assert talk.heard() == [
        {"type": "connection_ack", "payload": {"connectionTimeoutMs": 300_000}},
        {"type": "ka"},
    ]


def test_start_without_init_is_taken_because_init_is_optional() -> None:
    assert isinstance(Conversation().say(start_message("1")), Start)


def test_start_carries_what_is_needed_to_authorise_and_run_it() -> None:
    message = start_message("1")
    start = Conversation().say(message)
    assert isinstance(start, Start)
    assert (start.signed.method, start.signed.path) == ("POST", "/graphql")
    assert start.signed.headers == AUTHORIZATION
    assert start.signed.body.decode() == message["payload"]["data"]
    assert (start.request.query, start.request.variables) == (QUERY, {"u": "ann"})


@pytest.mark.parametrize("subscription_id", ["1", "5b8e-uuid", "ünï", 7, 0, '"quoted"'])
def test_ids_are_echoed_as_received(subscription_id: Any) -> None:
    talk = Conversation()
    talk.subscribe(subscription_id)
    assert talk.heard() == [{"type": "start_ack", "id": subscription_id}]
    assert json.loads(data_prefix(subscription_id) + b"{}}")["id"] == subscription_id


def test_data_prefix_and_a_brace_make_a_data_message() -> None:
    assert json.loads(data_prefix("1") + b'{"data":{"f":null}}' + b"}") == {
        "type": "data",
        "id": "1",
        "payload": {"data": {"f": None}},
    }


def test_refused_start_is_an_error_with_its_id_and_leaves_the_id_free() -> None:
    talk = Conversation()
    start = talk.say(start_message("1"))
    assert isinstance(start, Start)
    talk.protocol.refuse(start.id, AuthenticationError())
    assert talk.heard() == [
        {
            "type": "error",
            "id": "1",
            "payload": {
                "errors": [
                    {
                        "errorType": "UnauthorizedException",
                        "message": "You are not authorized to make this call.",
                    }
                ]
            },
        }
    ]
    assert isinstance(talk.say(start_message("1")), Start)


@pytest.mark.parametrize(
    ("authorization", "error"),
    [
        ({"x-api-key": "k"}, {"message": "Required headers are missing."}),
        ({"host": "", "x-api-key": "k"}, {"message": "Required headers are missing."}),
        (
            {"host": "example.com", "x-api-key": "k"},
            {
                "errorType": "HttpNotFoundException",
                "message": "The host of the authorization is not this API.",
            },
        ),
    ],
)
def test_start_whose_authorization_names_another_host_or_none_is_refused(
    authorization: dict[str, str], error: dict[str, str]
) -> None:
    talk = Conversation()
    assert talk.say(start_message("1", extensions={"authorization": authorization})) is None
    assert talk.heard() == [{"type": "error", "id": "1", "payload": {"errors": [error]}}]


def test_error_of_a_resolver_keeps_its_data_and_info() -> None:
    talk = Conversation()
    talk.protocol.refuse("1", AppSyncError("no", "Forbidden", data={"a": 1}, info={"b": 2}))
    assert talk.heard()[0]["payload"]["errors"] == [
        {"errorType": "Forbidden", "message": "no", "data": {"a": 1}, "errorInfo": {"b": 2}}
    ]


def test_duplicate_id_is_an_error_and_the_first_subscription_stays() -> None:
    talk = Conversation()
    talk.subscribe("1")
    talk.heard()
    assert talk.say(start_message("1")) is None
    (error,) = talk.heard()
    assert (error["type"], error["id"]) == ("error", "1")
    assert error["payload"]["errors"] == [
        {"errorType": "DuplicatedOperationError", "message": "Duplicated operation with id 1"}
    ]
    assert talk.protocol.subscriptions == {"1": "handle 1"}


def test_number_and_text_are_different_ids() -> None:
    talk = Conversation()
    talk.subscribe("1")
    talk.subscribe(1)
    assert set(talk.protocol.subscriptions) == {"1", 1}


def test_stop_completes_and_frees_the_id() -> None:
    talk = Conversation()
    talk.subscribe("1")
    talk.heard()
    assert talk.say({"type": "stop", "id": "1"}) == Stopped("handle 1")
    assert talk.heard() == [{"type": "complete", "id": "1"}]
    talk.subscribe("1")


def test_stop_of_an_unknown_id_is_an_error() -> None:
    talk = Conversation()
    assert talk.say({"type": "stop", "id": "9"}) is None
    (error,) = talk.heard()
    assert (error["id"], error["payload"]["errors"][0]["errorType"]) == ("9", "UnknownOperationError")


def test_one_subscription_too_many_is_refused_and_a_stop_makes_room() -> None:
    talk = Conversation(limits=Limits(subscriptions_per_connection=2))
    talk.subscribe("1")
    talk.subscribe("2")
    talk.heard()
    assert talk.say(start_message("3")) is None
    (error,) = talk.heard()
    assert error["payload"]["errors"] == [
        {"errorType": "MaxSubscriptionsReachedError", "message": "Max number of 2 subscriptions reached"}
    ]
    talk.say({"type": "stop", "id": "1"})
    assert isinstance(talk.say(start_message("3")), Start)


def test_two_hundred_subscriptions_fit_on_a_connection() -> None:
    talk = Conversation()
    for number in range(200):
        talk.subscribe(str(number))
    assert talk.say(start_message("200")) is None


@pytest.mark.parametrize(
    "message",
    [
        "not json",
        "[]",
        '"text"',
        "null",
        "{}",
        "[" * 100_000,
        {"type": "subscribe", "id": "1", "payload": {"query": QUERY}},  # the other graphql-ws
        {"type": None},
        {"type": ["start"]},
        {"type": "start"},
        {"type": "start", "id": "1"},
        {"type": "start", "id": "1", "payload": {"query": QUERY}},  # Apollo's shape: no stringified data
        {"type": "start", "id": "1", "payload": {"data": "{}"}},  # no extensions
        start_message("1", data={"query": QUERY}),  # data is not a string
        start_message("1", data="\ud800"),  # nothing that could have been signed
        start_message("1", extensions={}),
        start_message("1", extensions={"authorization": "token"}),
        start_message(None),
        start_message(""),
        start_message(True),
        start_message(1.5),
        start_message(["1"]),
        start_message("x" * 129),
        {"type": "stop"},
        {"type": "stop", "id": {}},
    ],
)
def test_unreadable_message_is_an_unsupported_operation_without_id(message: Any) -> None:
    talk = Conversation()
    assert talk.say(message) is None
    assert talk.heard() == [UNSUPPORTED]


@pytest.mark.parametrize(
    "data",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"query": 1}',
        '{"query": "q", "variables": []}',
        '{"query": "q", "operationName": 1}',
    ],
)
def test_start_whose_data_is_no_operation_is_unsupported(data: str) -> None:
    talk = Conversation()
    assert talk.say(start_message("1", data=data)) is None
    assert talk.heard() == [UNSUPPORTED | {"id": "1"}]


def test_start_with_an_unreadable_authorization_is_a_bad_request() -> None:
    talk = Conversation()
    assert talk.say(start_message("1", extensions={"authorization": {"host": 1}})) is None
    (error,) = talk.heard()
    assert error["payload"]["errors"][0]["errorType"] == "BadRequestException"


def test_errors_are_an_object_when_the_fault_is_switched_on() -> None:
    talk = Conversation(as_object=True, limits=Limits(subscriptions_per_connection=0))
    talk.say(start_message("1"))
    assert talk.heard()[0]["payload"] == {
        "errors": {
            "errorType": "MaxSubscriptionsReachedError",
            "message": "Max number of 0 subscriptions reached",
        }
    }


REFUSED = {
    "type": "connection_error",
    "payload": {
        "errors": [
            {
                "errorType": "UnauthorizedException",
                "message": "You are not authorized to make this call.",
                "errorCode": 401,
            }
        ]
    },
}


def test_refused_connection_sends_an_error_when_the_client_sends_init() -> None:
    talk = Conversation(refusal=AuthenticationError())
    assert talk.heard() == []
    talk.say({"type": "connection_init"})
    assert talk.heard() == [REFUSED]
    assert talk.protocol.state is State.ENDED


def test_refused_connection_sends_one_error_when_it_receives_nothing() -> None:
    talk = Conversation(refusal=AuthenticationError())
    talk.protocol.refuse_connection()
    talk.say({"type": "connection_init"})
    talk.protocol.refuse_connection()
    assert talk.heard() == [REFUSED]


def test_refused_connection_ignores_starts() -> None:
    talk = Conversation(refusal=AuthenticationError())
    assert talk.say(start_message("1")) is None
    assert talk.say(start_message("2")) is None
    assert talk.heard() == [REFUSED]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ('{"query":"q"}', True),
        ('{"query":"q","variables":null,"operationName":null}', True),
        ('{"query":null}', False),
        ("", False),
        (b"\xff", False),
    ],
)
def test_operation_has_a_query_and_may_have_variables_and_a_name(text: str | bytes, whole: bool) -> None:
    assert (parse_operation(text) is not None) is whole


@given(
    st.lists(
        st.one_of(
            st.text(),
            st.dictionaries(
                st.sampled_from(["type", "id", "payload", "data"]),
                st.one_of(
                    st.sampled_from(["start", "stop", "connection_init", "1"]),
                    st.none(),
                    st.integers(),
                    st.lists(st.text()),
                    st.dictionaries(st.sampled_from(["data", "extensions"]), st.text()),
                ),
            ),
        )
    )
)
def test_no_message_breaks_the_protocol(messages: list[Any]) -> None:
    talk = Conversation()
    for message in messages:
        talk.say(message)
    assert all(isinstance(answer, dict) for answer in talk.heard())
