"""Redaction judges structures by their content, and never breaks their form."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statusbeam.model.limits import MESSAGE_LENGTH, NAME_LENGTH
from statusbeam.model.redaction.marks import mark, redactions, shortened
from statusbeam.model.redaction.redactor import Redactor, split_redacted
from statusbeam.model.update import StatusUpdate

NAMED = "[redacted: named like a secret]"
WEAK = "hunter" + "2"
CARD = "4111" + "1" * 12


def shown(metadata: Any) -> Any:
    return Redactor().entry({"message": "m", "metadata": metadata})["metadata"]


@pytest.mark.parametrize(
    "metadata",
    [
        {"password": {"type": "string", "minLength": 8}, "required": ["password"]},
        {"properties": {"token": {"type": "string", "description": "The user's API token"}}},
        {"password": "string", "api_key": "required", "secret": None, "token": False},
        {"password": ["string", "null"], "example": {"password": "string"}},
        {"errors": {"password": ["too short", "must contain a digit"]}},
        {"labels": {"password": "Password", "token": "Token"}},
        {"reset_password": "sent", "has_password": True, "password_policy": {"min_length": 12}},
        {
            "access_token": "expired",
            "credentials": "found",
            "cookies": "accepted",
            "authorization": "granted",
        },
        {"Authorization": "Bearer <token>", "password": "${DB_PASSWORD}", "secret": "{{ vault.db }}"},
        {"tokenUsage": {"inputTokens": 12}, "max_tokens": 4096, "tokens": ["a", "b"], "token": 512},
        {"sort_key": "createdAt", "primary_key": "id", "key": "ArrowLeft", "keys": ["name"]},
        {"pin": 13, "cvv_result": "M", "otp_enabled": True, "code": "PASSWORD_TOO_SHORT"},
        {"sessionId": "550e8400-e29b-41d4-a716-446655440000", "session_id": "sess-2026-11-28-001"},
        {"PWD": "/home/ana", "pwd": "/data", "auth": {"type": "oauth2"}, "grant_type": "password"},
        {"input": {"type": "password", "name": "pwd"}, "field": "password"},
    ],
)
def test_a_text_about_secrets_stays(metadata: Any) -> None:
    assert shown(metadata) == metadata
    text = json.dumps(metadata)
    assert Redactor().text(text) == text


@pytest.mark.parametrize(
    ("metadata", "clean"),
    [
        ({"password": {"value": WEAK, "type": "text"}}, {"password": {"value": NAMED, "type": "text"}}),
        ({"pin": 4711, "password": 830192, "cvv": 731}, {"pin": NAMED, "password": NAMED, "cvv": NAMED}),
        ({"args": ["run", "--password", WEAK]}, {"args": ["run", "--password", NAMED]}),
        ({"passwords": [WEAK, ""]}, {"passwords": [NAMED, ""]}),
        (
            {"cookies": {"session": "9fK2xQ7wLm4TzR8v", "theme": "dark"}},
            {"cookies": {"session": NAMED, "theme": "dark"}},
        ),
    ],
)
def test_only_the_secret_in_a_structure_is_hidden(metadata: Any, clean: Any) -> None:
    assert shown(metadata) == clean
    assert json.loads(Redactor().text(json.dumps(metadata))) == clean


def test_json_keeps_its_form_but_for_the_secret() -> None:
    text = f'{{ "n": 1.50, "password" : "{WEAK}",\n  "big": 12345678901234567890, "x": "\\u00e9" }}'
    assert Redactor().text(text) == text.replace(WEAK, NAMED)
    assert Redactor().text(f"got {text} in 3 ms") == f"got {text.replace(WEAK, NAMED)} in 3 ms"


def test_json_within_json_stays_json() -> None:
    text = json.dumps({"body": json.dumps({"login": json.dumps({"password": WEAK})})})
    found = json.loads(json.loads(json.loads(Redactor().text(text))["body"])["login"])
    assert found == {"password": NAMED}


def test_a_card_in_json_that_is_a_number_becomes_a_text() -> None:
    assert json.loads(Redactor().text(f'{{"n": {CARD}, "m": 7}}')) == {"n": mark("card"), "m": 7}


def test_json_with_repeated_names_stays_json() -> None:
    assert json.loads(Redactor().text(f'{{"password": "{WEAK}", "n": 1, "n": 2}}')) == {
        "password": NAMED,
        "n": 2,
    }


jsons = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([WEAK, f"the password is {WEAK}", CARD, "[redacted: card]", 'a"b', "x\\y"])
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["password", "token", "k", f"pwd={WEAK}"]) | st.text(max_size=5),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(jsons, st.sampled_from([None, 2]), st.booleans())
def test_any_json_stays_json_and_is_redacted_once(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps({"v": value}, indent=indent, ensure_ascii=ascii_only)
    once = Redactor().text(text)
    json.loads(once)
    assert Redactor().text(once) == once


# marks and limits

SECRETS = f"pw={WEAK} "


@pytest.mark.parametrize("filling", [SECRETS, f"{CARD} ", "a b ", f"x {SECRETS}"])
def test_a_message_within_its_limit_stays_within_it(filling: str) -> None:
    message = (filling * MESSAGE_LENGTH)[:MESSAGE_LENGTH]
    entry = {
        **{
            "jobId": "j",
            "userId": "u",
            "tenantId": "t",
            "eventId": "e",
            "type": "progress",
            "status": "progress",
        },
        **{
            "timestamp": "2026-11-20T08:30:00Z",
            "message": message,
            "agentName": (filling * 50)[:NAME_LENGTH].strip(),
        },
    }
    clean = Redactor().entry(entry)
    update = StatusUpdate.from_wire(
        {**clean, "type": "progress"}
    )  # left out with the names it may follow from
    assert len(update.message) <= MESSAGE_LENGTH
    assert WEAK not in update.message
    assert Redactor().entry(clean) == clean


@given(st.lists(st.sampled_from([SECRETS, CARD, "x", " ", "pw=", WEAK]), max_size=400).map("".join))
@settings(max_examples=50, deadline=None)
def test_any_message_within_its_limit_stays_within_it(text: str) -> None:
    clean = Redactor().entry({"message": text[:MESSAGE_LENGTH]})
    assert len(clean["message"]) <= MESSAGE_LENGTH
    assert Redactor().entry(clean) == clean


def test_no_mark_is_cut_in_two() -> None:
    assert shortened("a [redacted: card]", 10) == "a "
    assert shortened("a [redacted: card]", 18) == "a [redacted: card]"
    assert shortened("abc", 2) == "ab"


def test_messages_that_share_a_secret_stay_within_the_limit() -> None:
    first = "x " * (MESSAGE_LENGTH // 2 - 1) + f" {CARD[0]}"
    clean = split_redacted([first, f"{CARD[1:]} now"])
    assert len(clean[0]) <= MESSAGE_LENGTH
    assert clean[1] == f"{mark('card')} now"


def test_the_log_line_counts_redactions_without_their_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    redactor = Redactor()
    clean = redactor.entry({"jobId": "job-1", "message": f"password={WEAK}", "metadata": {"c": [CARD, CARD]}})
    (line,) = caplog.messages
    assert line == "job_id=<job-1>, redacted=<secret 1, card 2> | secrets redacted"
    redactor.entry(clean)
    assert len(caplog.messages) == 1
    assert redactions(clean) == {"secret": 1, "card": 2}


@pytest.mark.parametrize("text", ['{} {{"a": "b"}}', '{{"a": "b"}} {}', '[{{"a": 1}}] {} {{"b": 2}}'])
def test_an_encoded_address_beside_json_is_found(text: str) -> None:
    address = "postgres%3A%2F%2Fapp%3A" + "kngGy5f3apmx" + "Ouxk4881D8jj%40db%2Fjobs"
    clean = Redactor().text(text.format(address))
    assert "Ouxk4881" not in clean
    assert text.format("|").split("|")[0].strip() in clean
