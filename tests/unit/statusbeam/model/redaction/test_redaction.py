"""Redaction removes secrets from statuses, and little else."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from statusbeam.model.errors import SettingError
from statusbeam.model.redaction.redactor import Redactor, split_redacted
from tests.unit.statusbeam.model.redaction.secret_corpus import secrets_of

SEEDS = range(3)
CORPUS = [(f"{name} {seed}", *found) for seed in SEEDS for name, found in secrets_of(seed).items()]
KEY = "AKIA" + "IOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize(
    "frame", ["{}", "I use {} here.", "'{}'", "a={}&b", "x:\n{}\n", "({})", "text,{},text"]
)
@pytest.mark.parametrize(("name", "text", "secret"), CORPUS)
def test_a_secret_is_found_in_every_place(name: str, text: str, secret: str, frame: str) -> None:
    redacted = Redactor().text(frame.replace("{}", text))
    assert secret not in redacted
    assert "[redacted: " in redacted


@pytest.mark.parametrize(
    "text",
    [
        "Looking at 400 Valencia Street",
        "550e8400-e29b-41d4-a716-446655440000",
        "41111111-1111-1111-1111-111111111111",  # a UUID with a card's digits
        "arn:aws:lambda:eu-west-1:123456789012:function:status-publisher",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf",
        "arn:aws:iam::123456789012:role/service-role/Agent",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "commit 6a7e1ff0c5d2b1a4e3f6978812345678deadbeef",
        "+49 30 901820, (415) 701-2311, +1-415-701-2311",
        "order 1000-2000-3000-4000, invoice 20261120083000, 4111111111111112",
        "1795163400000 ms, 1795163400000000 us, 1795163400000000000 ns",
        "0.4111111111111111 and 3.4111111111111111",
        "2026-11-20T08:30:00.000Z took 812 ms",
        "https://example.com:8443/path?page=2&sort=name#top",
        "http://127.0.0.1:4000/?mail=ana@example.com",
        "mail ana@example.com, ssh git@github.com:o/r.git",
        "The password: please reset it. Password: required",
        "api_key: missing, secret=None, token=3 of 9",
        "Basic authentication is not offered, Bearer authentication-required",
        "max_tokens=4096, inputTokens: 1200, tokenUsage",
        "risk-assessment-of-the-whole-neighbourhood-2026",
        "sk-learn-based-text-classifier-of-2026",
        "PWD=/home/ana, secret santa = ana",
        "If you forgot your password => click here",
        "first_pass=0.93, second_pass: 12.50 s, by-pass: lane-22",
        "authorization: token required by the service",
        "Authorization: permit 2026-11-0042 was granted",
        "curl -s https://example.com:8443/path failed, curl: (7) no route to host:443",
        "docker run -u 1000:1000 image, git --password-store none",
        "next token: page 2, cancellation_token: none, token=550e8400-e29b-41d4-a716-446655440000",
        "Cookie: is eaten, <password></password>, <id>4711</id>",
        "family 👩\u200d👩\u200d👧, soft\u00adhyphen",
        "AKIA, ASIA and the PACIFIC",
        "eyJ is how a token begins; sbv1. is ours",
        "MIIEpAIBAAKCAQEA is no key by itself",
        "i-0abcd1234ef567890 in subnet-0bb1c79de3EXAMPLE",
        "s3://bucket/2026/11/20/part-00000-of-00001.parquet",
        "The API key: none, my access token is expired, the password was changed",
        'password=$DB_PASSWORD, password="${DB_PASSWORD}", secret: "{{ vault.db }}", api_key="<your key>"',
        "password=/run/secrets/db, api_key=%API_KEY%, secret=***",
        '{"name": "token_usage", "value": "many"}, {"name": "Ana", "value": "4711"}',
        "discount of 20%20 and 100%25, q=a%20b%2Cc",
        "caf\u00e9, \u00bd, \u2122, \uff21 is full width",
        "AWS Secrets Manager took 12 ms for commit 6a7e1ff0c5d2b1a4e3f6978812345678deadbeef",
        "keyboard-interactive and key-value stores",
    ],
)
def test_ordinary_texts_stay_unchanged(text: str) -> None:
    redactor = Redactor()
    assert redactor.text(text) == text
    assert redactor.text(f"{text}. {text}") == f"{text}. {text}"


def test_the_mark_names_the_kind() -> None:
    redactor = Redactor()
    assert redactor.text(f"with {KEY}") == "with [redacted: aws key]"
    assert redactor.text("postgres://app:hunter2@db/x") == "postgres://app:[redacted: password]@db/x"
    assert redactor.text("password is hunter2") == "password is [redacted: secret]"
    for name in ("passcode", "Password", "API key", "access token"):
        assert redactor.text(f"my {name} is ab12cd") == f"my {name} is [redacted: secret]"
        assert redactor.text(f"it is so, {name} was ab12cd") == f"it is so, {name} was [redacted: secret]"
    assert redactor.text("the password is wrong, it is required") == "the password is wrong, it is required"
    assert redactor.text("https://x/?X-Amz-Signature=0123456789ab&a=1") == (
        "https://x/?X-Amz-Signature=[redacted: url signature]&a=1"
    )


def test_a_password_with_signs_in_it_is_hidden_whole() -> None:
    assert Redactor().text("mysql://u:p@ss@host/db") == "mysql://u:[redacted: password]@host/db"
    assert Redactor().text("mysql://u:p/ss@host/db") == "mysql://u:[redacted: password]@host/db"


@pytest.mark.parametrize(
    "sign",
    [
        *("\u200b", "\u200d", "\u00ad", "\ufeff", "\ufe0f", "\u034f", "\u061c", "\u180e", "\u206a", "\u3164"),
        *("\U000e0041", "\U000e0100"),
    ],
)
def test_a_sign_that_nobody_sees_hides_no_secret(sign: str) -> None:
    assert Redactor().text(f"with {KEY[:9]}{sign}{KEY[9:]}") == "with [redacted: aws key]"
    assert Redactor().text(f"4111{sign} 1111 1111 1111") == "[redacted: card]"
    assert Redactor().text("4111\u00a01111\u00a01111\u00a01111") == "[redacted: card]"


@pytest.mark.parametrize("line", ["\n", "\\n"])
def test_a_block_of_yaml_under_a_secrets_name_is_one(line: str) -> None:
    found = Redactor().text(f"user: ana{line}password: |{line}  hunter2{line}port: 5432")
    assert found == f"user: ana{line}password: |{line}  [redacted: secret]{line}port: 5432"


def test_letters_of_another_width_hide_no_secret() -> None:
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in KEY)
    assert Redactor().text(f"with {wide}") == "with [redacted: aws key]"
    assert Redactor().text("card \uff14" + "\uff11" * 15) == "card [redacted: card]"


def test_an_address_within_addresses_is_read_as_what_it_means() -> None:
    text = "postgres://app:hunter2@db/x"
    for _ in range(3):
        text = quote(text, safe="")
        assert Redactor().text(text) == "postgres://app:[redacted: password]@db/x"


def test_a_colour_hides_no_secret() -> None:
    assert Redactor().text(f"key {KEY[:9]}\x1b[31m{KEY[9:]}\x1b[0m") == "key [redacted: aws key]"
    assert Redactor().text("\x1b[31mno key\x1b[0m") == "\x1b[31mno key\x1b[0m"


def test_what_an_address_means_drives_no_terminal() -> None:
    assert Redactor().text(f"%1b[2J {KEY[:4]}%{ord(KEY[4]):x}{KEY[5:]}") == " [redacted: aws key]"


def test_a_private_key_is_hidden_in_each_line_of_a_list() -> None:
    lines = [
        "log",
        "-----BEGIN PRIVATE KEY-----",
        "MIIEvQIBADANBgkqhkiG9w0B" * 2,
        "AQEFAASCBKcwggSjAgEAAoIBAQ" * 2,
    ]
    mark = "[redacted: private key]"
    for end in ([], ["-----END PRIVATE KEY-----"]):
        found = Redactor().entry(entry(metadata={"output": [*lines, *end, "done", 7]}))["metadata"]["output"]
        assert found == ["log", *[mark] * (3 + len(end)), "done", 7]


@pytest.mark.parametrize(
    "named",
    [
        {"name": "DB_PASSWORD", "value": "hunter2"},
        {"key": "x-api-key", "value": "hunter2"},
        {"Name": "/prod/db/secret", "Value": "hunter2"},
        {"name": "DB_PASSWORD", "value": ["hunter2"]},
        ["Authorization", "hunter2"],
    ],
)
def test_a_value_beside_a_secrets_name_is_one(named: Any) -> None:
    found = Redactor().entry(entry(metadata={"environment": [named]}))["metadata"]
    assert "hunter2" not in json.dumps(found)
    assert "[redacted: named like a secret]" in json.dumps(found)


def test_two_steps_of_a_plan_are_no_name_and_its_value() -> None:
    plan = ["Authorization", "Payment"]
    assert Redactor().entry(entry(metadata={"plan": plan}))["metadata"] == {"plan": plan}


def test_a_value_beside_another_name_is_none() -> None:
    plain: list[Any] = [
        {"name": "STREET", "value": "Elm"},
        {"name": 7, "value": "Elm"},
        ["Elm", "Oak"],
        {"value": "Elm"},
    ]
    assert Redactor().entry(entry(metadata={"plain": plain}))["metadata"] == {"plain": plain}


def test_each_of_several_texts_under_a_secrets_name_is_one() -> None:
    headers = {"authorization": ["open sesame", ""], "cookies": ["a=b"], "accept": ["text/html"]}
    mark = "[redacted: named like a secret]"
    assert Redactor().entry(entry(metadata={"headers": headers}))["metadata"]["headers"] == {
        "authorization": [mark, ""],
        "cookies": [mark],
        "accept": ["text/html"],
    }


def test_a_private_key_that_was_cut_is_hidden_to_the_end() -> None:
    assert Redactor().text("see -----BEGIN PRIVATE KEY-----\nMIIE") == "see [redacted: private key]"


def entry(**changes: Any) -> dict[str, Any]:
    return {"jobId": "j", "userId": "u", "tenantId": "t", "status": "calling_tool", "message": "m", **changes}


def test_every_text_of_a_status_is_looked_at_at_any_depth() -> None:
    found = Redactor().entry(
        entry(
            message=KEY,
            agentName=f"Agent {KEY}",
            toolName=KEY,
            qualifiedStatus=f"calling_{KEY}",
            metadata={KEY: [{"deep": {"deeper": [KEY, 4111111111111111]}}], "n": 4},
        )
    )
    assert KEY not in json.dumps(found)
    assert found["agentName"] == "Agent [redacted: aws key]"
    assert "qualifiedStatus" not in found  # made anew from the names
    assert found["metadata"]["[redacted: aws key]"][0]["deep"]["deeper"][1] == "[redacted: card]"
    assert found["metadata"]["n"] == 4


def test_a_status_word_that_is_a_secret_becomes_a_word() -> None:
    assert Redactor().entry(entry(status=KEY, type="agent_status"))["status"] == "redacted"


def test_ids_are_left_unchanged() -> None:
    ids = {"jobId": "4111111111111111", "userId": "u", "tenantId": "t", "invocationId": "4111111111111111"}
    assert Redactor().entry({**entry(), **ids}).items() >= ids.items()


def test_a_secret_access_key_is_one_when_its_id_is_anywhere_in_the_status() -> None:
    found = Redactor().entry(entry(metadata={"id": KEY, "parts": ["x", SECRET_KEY]}))
    assert found["metadata"]["parts"] == ["x", "[redacted: aws key]"]
    alone = Redactor().entry(entry(metadata={"parts": [SECRET_KEY]}))
    assert alone["metadata"]["parts"] == [SECRET_KEY]


@pytest.mark.parametrize(
    ("key", "value", "hidden"),
    [
        ("password", "hunter2", True),
        ("db_password", "hunter2", True),
        ("clientSecret", "x", True),
        ("x-api-key", "x", True),
        ("Authorization", "x", True),
        ("accessToken", "x", True),
        ("token", "a" * 16, True),
        ("api.key", "x", True),
        ("credentials", "x", True),
        ("passcode", "x", True),
        ("token", "street", False),  # a language model's
        ("password", "", False),
        ("password", 7, False),
        ("tokenUsage", "many", False),
        ("nextToken", "page 2", False),
        ("secretary", "Ana", False),
        ("keyword", "street", False),
    ],
)
def test_a_text_under_a_secrets_name_is_one(key: str, value: object, hidden: bool) -> None:
    found = Redactor().entry(entry(metadata={key: value}))["metadata"][key]
    assert (found == "[redacted: named like a secret]") is hidden
    assert hidden or found == value


def test_configured_fields_are_hidden_whatever_they_hold() -> None:
    redactor = Redactor(("metadata.customer.email", "metadata.*.phone", "metadata.people.name", "toolName"))
    found = redactor.entry(
        entry(
            toolName="lookup",
            metadata={
                "customer": {"email": "ana@example.com", "city": "x", "phone": 1},
                "caller": {"phone": [1, 2], "email": "kept"},
                "people": [{"name": "Ana"}, {"name": None, "age": 3}],
            },
        )
    )
    mark = "[redacted: configured field]"
    assert found["toolName"] == mark
    assert found["metadata"] == {
        "customer": {"email": mark, "city": "x", "phone": 1},  # its own paths count before `*`
        "caller": {"phone": mark, "email": "kept"},
        "people": [{"name": mark}, {"name": None, "age": 3}],
    }


@pytest.mark.parametrize(
    "path", ["", "customer", "jobId", "metadata", "metadata.", "metadata..x", "message.x"]
)
def test_a_path_that_no_status_has_is_refused(path: str) -> None:
    if path == "metadata":
        assert Redactor((path,)).entry(entry(metadata={"a": 1}))["metadata"] == "[redacted: configured field]"
        return
    with pytest.raises(SettingError):
        Redactor((path,))


# secrets that go from one message into the next


def test_a_secret_in_two_messages_is_hidden_in_both() -> None:
    assert split_redacted([f"use {KEY[:9]}", f"{KEY[9:]} now"]) == [
        "use [redacted: aws key]",
        "[redacted: aws key] now",
    ]


def test_a_secret_in_many_messages_is_hidden_in_all() -> None:
    assert split_redacted(list(KEY)) == ["[redacted: aws key]"] * len(KEY)


def test_a_secret_within_one_message_is_left_to_the_redactor() -> None:
    assert split_redacted([KEY, "next"]) == [KEY, "next"]


def test_a_private_key_in_pieces_is_hidden_and_what_follows_it_is_not() -> None:
    pieces = [
        "-----BEGIN PRIVATE KEY-----\n",
        "MIIEvQIBADANBgkqhkiG9w0B" * 3,
        "\nAQEFAASCBKcwggSjAgEAAoIBAQ",
        " ok",
    ]
    assert split_redacted(pieces) == [*["[redacted: private key]"] * 3, " ok"]


@given(st.lists(st.text(max_size=30), max_size=6))
def test_messages_without_secrets_stay_unchanged(texts: list[str]) -> None:
    found = split_redacted(texts)
    assert len(found) == len(texts)
    assert "".join(found) == "".join(texts) or any("[redacted: " in text for text in found)


# robustness

shapes = st.sampled_from(
    [text for _, text, _ in CORPUS[: len(CORPUS) // len(SEEDS)]]
    + [
        "password=",
        "Bearer ",
        "Bearer%20",
        "-----BEGIN RSA PRIVATE KEY-----",
        "%41",
        "%25",
        "\u200b",
        "\uff21",
    ]
    + ['"', "'", "\\", ",", '{"name":"', '","value":"']
)
texts = st.lists(st.one_of(st.text(max_size=20), shapes), max_size=5).map("".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@given(texts, st.dictionaries(texts, values, max_size=3))
@example("password=[redacted: secret]", {"password": "[redacted: x]"})
@settings(max_examples=200)
def test_redacting_again_changes_nothing(text: str, metadata: dict[str, Any]) -> None:
    redactor = Redactor()
    once = redactor.entry(entry(message=text, metadata=metadata))
    assert redactor.entry(once) == once


@pytest.mark.parametrize(
    "unit",
    (
        "-----BEGIN PRIVATE KEY-----",
        "eyJa",
        "eyJaaaaaaaaaaa.",
        "://",
        "://a:",
        "4111 ",
        "AKIA",
        "sk-",
        "password",
        "password='",
        "password=',",
        'password="\\',
        'name:"key",value:"',
        "api key is ",
        "password: |\n",
        "authorization: a ",
        "%41",
        "aws secret ",
        "Bearer ",
        "x7Q~",
        "?sig=",
        "basic ",
        "secret = ",
        "curl ",
        "curl -u a",
        "--a",
        "<a",
        "<password>",
        "token=",
        "cookie: a=",
        "\u200b4",
        "A/",
        "1",
    ),
)
def test_long_hostile_texts_terminate(unit: str) -> None:
    length = 200_000
    redacted = Redactor().text((unit * length)[:length])
    assert len(redacted) <= 8 * length
