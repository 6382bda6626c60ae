"""Secrets made for tests: each has the shape of its kind and opens nothing. Put together at run time, so that
no scanner takes this file for a leak."""

from __future__ import annotations

import base64
import json
from random import Random
from urllib.parse import quote, quote_plus

_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"
_HEX = "0123456789abcdef"
_MIXED = _UPPER + _UPPER.lower() + _DIGITS


def _random(rng: Random, length: int, letters: str = _MIXED) -> str:
    # One of each kind of letter at least, as any real key has.
    parts = ([c for c in part if c in letters] for part in (_UPPER, _UPPER.lower(), _DIGITS))
    sure = [rng.choice(part) for part in parts if part]
    text = sure + [rng.choice(letters) for _ in range(length - len(sure))]
    rng.shuffle(text)
    return "".join(text)


def _card(rng: Random) -> str:
    digits = [4, *(rng.randrange(10) for _ in range(14))]
    doubled = sum(2 * d - 9 if d > 4 else 2 * d for d in digits[::-2])
    return "".join(map(str, [*digits, -(sum(digits[-2::-2]) + doubled) % 10]))


def secrets_of(seed: int) -> dict[str, tuple[str, str]]:
    """One secret of each kind: {name: (text that holds it, the part that must not be seen)}."""
    rng = Random(seed)  # noqa: S311 - they open nothing
    word, b64 = _random(rng, 24), _random(rng, 40)
    card = _card(rng)
    jwt = f"eyJhbGciOiJIUzI1NiJ9.eyJ{_random(rng, 30)}.{_random(rng, 43)}"
    pem = "\n".join(_random(rng, 64) for _ in range(4))
    key = f"-----BEGIN RSA PRIVATE KEY-----\n{pem}\n-----END RSA PRIVATE KEY-----"
    kinds = {
        "aws key id": "AKIA" + _random(rng, 16, _UPPER + _DIGITS),
        "aws temporary key id": "ASIA" + _random(rng, 16, _UPPER + _DIGITS),
        "google key": "AIza" + _random(rng, 35),
        "google token": "ya29." + _random(rng, 60),
        "azure secret": _random(rng, 3) + "8Q~" + _random(rng, 34),
        "github token": "ghp_" + _random(rng, 36),
        "github fine token": "github_pat_" + _random(rng, 60),
        "gitlab token": "glpat-" + _random(rng, 20),
        "slack token": "xoxb-" + _random(rng, 12, _DIGITS) + "-" + _random(rng, 24),
        "stripe key": "sk_live_" + _random(rng, 24),
        "openai key": "sk-proj-" + _random(rng, 48),
        "anthropic key": "sk-ant-api03-" + _random(rng, 80),
        "npm token": "npm_" + _random(rng, 36),
        "appsync key": "da2-" + _random(rng, 26, _UPPER + _DIGITS).lower(),
        "telegram token": f"{_random(rng, 9, _DIGITS)}:AA{_random(rng, 33)}",
        "private key in base64": base64.b64encode(f"-----BEGIN PRIVATE KEY-----\n{pem}".encode()).decode(),
        "jwt": jwt,
        "view token": f"sbv1.{_random(rng, 40)}.{_random(rng, 43)}",
        "private key": key,
        "private key in an address": quote(key, safe=""),
        "private key in a form": quote_plus(key),
        "bedrock key": "bedrock-api-key-" + base64.b64encode(word.encode() * 5).decode(),
        "langsmith key": f"lsv2_pt_{_random(rng, 32, _HEX)}_{_random(rng, 10, _HEX)}",
        "search key": "tvly-dev-" + _random(rng, 32),
        "nvidia key": "nvapi-" + _random(rng, 64),
        "docker token": "dckr_pat_" + _random(rng, 27),
        "grafana token": f"glsa_{_random(rng, 32)}_{_random(rng, 8, _HEX)}",
        "notion token": "ntn_" + _random(rng, 46),
        "postman key": f"PMAK-{_random(rng, 24, _HEX)}-{_random(rng, 34, _HEX)}",
        "card": card,
        "spaced card": " ".join(card[at : at + 4] for at in range(0, 16, 4)),
    }
    basic = base64.b64encode(f"ana:{word}".encode()).decode()
    inside = {
        "aws secret key": (f"AKIA{_random(rng, 16, _UPPER + _DIGITS)} and {b64}", b64),
        "named aws secret": (f"aws_secret_access_key = {b64}", b64),
        "bearer token": (f"Authorization: Bearer {word}", word),
        "basic login": (f"Authorization: Basic {basic}", basic),
        "database": (f"postgresql://app:{word}@db.example.com:5432/jobs", word),
        "ado connection": (f"Server=db;User Id=app;Password={word};", word),
        "storage connection": (f"AccountName=x;AccountKey={word}==;EndpointSuffix=core", word),
        "basic-auth address": (f"https://ana:{word}@example.com/files", word),
        "presigned address": (f"https://b.s3.amazonaws.com/k?X-Amz-Expires=60&X-Amz-Signature={word}", word),
        "shared access": (f"https://x.blob.core.windows.net/c?sv=2024&sig={word}%3D", word),
        "json": (f'{{"api_key": "{word}"}}', word),
        "json in json in json": (json.dumps(json.dumps(json.dumps({"api_key": word}))), word),
        "bytes": (repr({"password": word.encode()}), word),
        "arrow": (f"'password' => '{word}'", word),
        "form": (f"user=ana&password%3D{word}", word),
        "xml": (f"<db:password>{word}</db:password>", word),
        "option": (f"mysql --password {word} -u app", word),
        "curl": (f"curl -s -u ana:{word} https://example.com", word),
        "variable": (f"DB_PASS={word} JWT_SECRET: none", word),
        "token variable": (f"GITLAB_TOKEN={word}", word),
        "query token": (f"https://example.com/y?token={word}&a=1", word),
        "token header": (f"Authorization: token {word}", word),
        "cookie": (f"Set-Cookie: sid={word}; HttpOnly", word),
        "clone address": (f"https://{word}@example.com/o/r.git", word),
        "webhook": (f"https://discord.com/api/webhooks/123456789/{word}", word),
        "sentence": (f"The password: {word}", word),
        "name of two words": (f"The API key: {word}", word),
        "sentence with is": (f"my access token is {word}", word),
        "apostrophe within": (json.dumps({"password": f"it's {word}"}), word),
        "quote within": (json.dumps({"password": f'a"{word}'}), word),
        "quote within JSON in JSON": (json.dumps(json.dumps({"password": f'a"{word}'})), word),
        "backslash within": (json.dumps({"password": f"a\\{word}"}), word),
        "comma within": (f"password=ab,{word}", word),
        "dollar first": (f"password: $x{word}", word),
        "address in an address": (quote(f"postgres://app:{word}@db/jobs", safe=""), word),
        "header in a form": (quote_plus(f"Authorization: Bearer {word}"), word),
        "header without a scheme": (f"Authorization: {word}", word),
        "container variable": (json.dumps({"name": "DB_PASSWORD", "value": word}), word),
        "sshpass": (f"sshpass -p {word} ssh host", word),
    }
    return {name: (text, text) for name, text in kinds.items()} | inside
