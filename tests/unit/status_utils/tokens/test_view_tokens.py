"""View tokens: the holder may watch one user's jobs for a while, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from status_utils.tokens import ViewClaims, ViewTokenKeys, mint_view_token, verify_view_token
from statusbeam.model import limits
from statusbeam.model.errors import ViewTokenError
from statusbeam.model.settings import VIEW_TOKEN_PATTERN, VIEW_TOKEN_PREFIX
from tests.unit.samples import NOW

CURRENT = "current-" + "c" * 32
PREVIOUS = "previous-" + "p" * 32
AUDIENCE = "statusbeam-dev"
ROOT = Path(__file__).parents[4]
UNTIMED: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}


@dataclass(slots=True)
class Secret:
    """A secret whose versions a test can change, and which counts its readers."""

    versions: list[str] = field(default_factory=lambda: [CURRENT, PREVIOUS])
    reads: int = 0

    def __call__(self) -> list[str]:
        self.reads += 1
        return self.versions


def mint(secret: Secret | None = None, now: float = NOW, **changes: Any) -> str:
    arguments: dict[str, Any] = {"user_id": "ana", "tenant_id": "city", "audience": AUDIENCE} | changes
    return mint_view_token(**arguments, keys=ViewTokenKeys(secret or Secret()), now=lambda: now)


def verify(token: str, *, now: float = NOW, audience: str = AUDIENCE) -> ViewClaims:
    return verify_view_token(token, keys=ViewTokenKeys(Secret()), audience=audience, now=lambda: now)


def refusal(token: str, *, now: float = NOW, audience: str = AUDIENCE) -> str:
    with pytest.raises(ViewTokenError) as refused:
        verify(token, now=now, audience=audience)
    return refused.value.code


def test_a_token_permits_what_it_was_made_for() -> None:
    claims = verify(mint(job_ids=["job-1", "job-2"], ttl=60))
    assert (claims.user_id, claims.tenant_id, claims.job_ids) == ("ana", "city", ("job-1", "job-2"))
    assert (claims.issued_at, claims.not_before, claims.expires_at) == (int(NOW), int(NOW), int(NOW) + 60)


def test_a_token_lives_for_a_quarter_of_an_hour_by_default() -> None:
    claims = verify(mint())
    assert claims.expires_at - claims.issued_at == limits.VIEW_TOKEN_SECONDS == 15 * 60


def test_a_secret_that_is_just_long_enough_signs() -> None:
    assert mint(Secret([WEAK + "s"]))


def test_a_token_without_jobs_permits_all_of_the_users() -> None:
    assert verify(mint()).job_ids is None


def test_a_token_is_a_prefixed_jwt_and_passes_appsyncs_pattern() -> None:
    token = mint()
    assert token.startswith(VIEW_TOKEN_PREFIX)
    assert token.count(".") != 2, "AppSync takes what has two dots for the JWT of another mode"
    assert re.fullmatch(VIEW_TOKEN_PATTERN, token)
    claims = jwt.decode(token.removeprefix(VIEW_TOKEN_PREFIX), CURRENT, algorithms=["HS256"], options=UNTIMED)
    assert claims["sub"] == "ana"


@pytest.mark.parametrize("after", [0, 899])
def test_a_token_is_good_until_its_expiry(after: int) -> None:
    assert verify(mint(), now=NOW + after).user_id == "ana"


@pytest.mark.parametrize("after", [900, 86_400])
def test_a_token_is_refused_after_its_expiry(after: int) -> None:
    assert refusal(mint(), now=NOW + after) == "expired"


@pytest.mark.parametrize("early", [0, limits.CLOCK_SKEW_SECONDS])  # clocks differ a little
def test_a_token_is_good_from_its_beginning(early: int) -> None:
    assert verify(mint(not_before=NOW + 60), now=NOW + 60 - early).user_id == "ana"


def test_a_token_is_refused_before_its_beginning() -> None:
    early = limits.CLOCK_SKEW_SECONDS + 1
    assert refusal(mint(not_before=NOW + 60), now=NOW + 60 - early) == "not_yet_valid"


def test_a_token_of_another_stage_is_refused() -> None:
    assert refusal(mint(audience="statusbeam-prod")) == "wrong_audience"


def test_a_token_signed_before_the_rotation_is_taken() -> None:
    assert verify(mint(Secret([PREVIOUS]))).user_id == "ana"


def test_a_token_of_a_key_that_was_rotated_out_is_refused() -> None:
    assert refusal(mint(Secret(["older-" + "o" * 32]))) == "unknown_key"


def test_the_key_id_identifies_the_key_and_reveals_nothing_of_it() -> None:
    header = jwt.get_unverified_header(mint().removeprefix(VIEW_TOKEN_PREFIX))
    assert header == {"alg": "HS256", "kid": key_id(CURRENT), "typ": "JWT"}


def key_id(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def resigned(claims: object, key: str = CURRENT, digest: str = "sha256", **headers: object) -> str:
    """A JWT over any claims, made without PyJWT by somebody who has the key. A header of None is left out."""
    header = {"alg": "HS256", "kid": key_id(key), "typ": "JWT", **headers}
    kept = {name: value for name, value in header.items() if value is not None}
    return signed_text(encoded(kept), encoded(claims), key, digest)


def signed_text(header: str, claims: str, key: str = CURRENT, digest: str = "sha256") -> str:
    signature = hmac.digest(key.encode(), f"{header}.{claims}".encode(), digest)
    return f"{VIEW_TOKEN_PREFIX}{header}.{claims}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


WHOLE = {"sub": "ana", "tenant": "city", "aud": AUDIENCE, "nbf": int(NOW), "exp": int(NOW) + 60}


@pytest.mark.parametrize("headers", [{}, {"typ": None}])  # some libraries leave the type out
def test_a_token_of_any_jwt_library_is_accepted(headers: dict[str, Any]) -> None:
    assert verify(resigned(WHOLE, **headers)).user_id == "ana"


def test_a_token_without_its_time_counts_as_the_oldest() -> None:
    oldest = int(NOW) + 60 - limits.VIEW_TOKEN_SECONDS_MAX
    assert verify(resigned(WHOLE)).issued_at == oldest


def tampered(token: str, part: int, **changes: object) -> str:
    """The token with a changed header (1) or changed claims (2) under the old signature."""
    parts = token.split(".")
    parts[part] = encoded(decoded(parts[part]) | changes)
    return ".".join(parts)


FORGERIES: list[tuple[Callable[[str], str], str]] = [
    (lambda token: tampered(token, 2, sub="ben"), "bad_signature"),
    (lambda token: tampered(token, 1, typ="JWT"), "bad_signature"),  # the same header in other bytes
    (lambda token: token.rpartition(".")[0] + ".AAAA", "bad_signature"),
    (lambda token: token.rpartition(".")[0] + ".", "malformed"),
    (lambda token: token.rpartition(".")[0] + ".not base64", "malformed"),
    (lambda token: token + "=", "malformed"),  # another text of the same signature, which PyJWT accepts
    (lambda token: tampered(token, 1, kid="00000000"), "unknown_key"),
    (lambda token: token + ".more", "malformed"),
    (lambda token: VIEW_TOKEN_PREFIX + token, "malformed"),
    (lambda token: token.removeprefix(VIEW_TOKEN_PREFIX), "malformed"),
    (lambda token: f"Bearer {token}", "malformed"),
    (lambda token: token + "ä", "malformed"),
    (lambda token: "", "malformed"),
    (lambda token: "sbv1...", "malformed"),
    (lambda token: resigned(WHOLE, key=PREVIOUS[::-1]), "unknown_key"),
    (lambda token: resigned(WHOLE, key=PREVIOUS[::-1], kid=key_id(CURRENT)), "bad_signature"),
    # the algorithm is ours to choose, not the bearer's
    (lambda token: tampered(token, 1, alg="none"), "wrong_algorithm"),
    (lambda token: tampered(token, 1, alg="none").rpartition(".")[0] + ".", "malformed"),
    (lambda token: resigned(WHOLE, alg="nOnE"), "wrong_algorithm"),
    (lambda token: resigned(WHOLE, alg="hs256"), "wrong_algorithm"),
    (lambda token: resigned(WHOLE, alg="RS256"), "wrong_algorithm"),
    (lambda token: resigned(WHOLE, alg="HS512", digest="sha512"), "wrong_algorithm"),
    (lambda token: resigned(WHOLE, alg=["HS256"]), "wrong_algorithm"),
    (lambda token: resigned(WHOLE, alg=None), "malformed"),
    # key ids find one of our keys or nothing
    (lambda token: resigned(WHOLE, kid=None), "malformed"),
    (lambda token: resigned(WHOLE, kid=7), "malformed"),
    (lambda token: resigned(WHOLE, kid=[key_id(CURRENT)]), "malformed"),
    (lambda token: resigned(WHOLE, key="", kid="../../../../dev/null"), "unknown_key"),
    (lambda token: resigned(WHOLE, key="k", kid="x' UNION SELECT 'k"), "unknown_key"),
    (lambda token: resigned(WHOLE, kid=key_id(CURRENT).upper() + "\n"), "unknown_key"),
    # headers that ask for more
    (lambda token: resigned(WHOLE, typ="at+jwt"), "malformed"),
    (lambda token: resigned(WHOLE, crit=["exp"]), "malformed"),
    (lambda token: resigned(WHOLE, crit=["b64"], b64=False), "malformed"),
    (lambda token: resigned(WHOLE, b64=True), "malformed"),
    (lambda token: resigned(WHOLE, jku="https://keys.example/jwks.json"), "malformed"),
    (lambda token: resigned(WHOLE, jwk={"kty": "oct", "k": "a2V5"}), "malformed"),
    (lambda token: resigned(WHOLE, cty="JWT"), "malformed"),
    (lambda token: signed_text(encoded(["HS256"]), encoded(WHOLE)), "malformed"),
    (lambda token: signed_text(encoded({"alg": "HS256"})[:-1], encoded(WHOLE)), "malformed"),
    # signed with our key by somebody who makes mistakes
    (lambda token: resigned(["ana"]), "malformed"),
    (lambda token: signed_text(token.split(".")[1], "AAAA"), "malformed"),
    (lambda token: resigned(WHOLE | {"sub": "ana#1"}), "bad_claims"),
    (lambda token: resigned(WHOLE | {"sub": None}), "bad_claims"),
    (lambda token: resigned(WHOLE | {"tenant": ""}), "bad_claims"),
    (lambda token: resigned(WHOLE | {"jobs": []}), "bad_claims"),  # would read as "all jobs"
    (lambda token: resigned(WHOLE | {"jobs": "job-1"}), "bad_claims"),
    (lambda token: resigned(WHOLE | {"jobs": ["job-1,job-2"]}), "bad_claims"),  # would read as two
    (lambda token: resigned(WHOLE | {"jobs": ["j"] * (limits.VIEW_TOKEN_JOBS + 1)}), "bad_claims"),
    (lambda token: resigned(WHOLE | {"exp": "tomorrow"}), "bad_claims"),
    (lambda token: resigned(WHOLE | {"exp": True}), "bad_claims"),
    (lambda token: resigned(WHOLE | {"iat": "yesterday"}), "bad_claims"),
    (lambda token: resigned(WHOLE | {"iat": int(NOW) - limits.VIEW_TOKEN_SECONDS_MAX}), "bad_claims"),
    (lambda token: resigned(WHOLE | {"iat": int(NOW) + 31}), "not_yet_valid"),  # would outlive endSessions
    (lambda token: resigned({k: v for k, v in WHOLE.items() if k != "exp"}), "bad_claims"),
    (lambda token: resigned({k: v for k, v in WHOLE.items() if k != "aud"}), "wrong_audience"),
    (lambda token: resigned(WHOLE | {"aud": [AUDIENCE, "statusbeam-prod"]}), "wrong_audience"),
]


@pytest.mark.parametrize(("forge", "code"), FORGERIES)
def test_a_forged_or_broken_token_is_refused(forge: Callable[[str], str], code: str) -> None:
    assert refusal(forge(mint())) == code


@given(st.integers(0, 10_000), st.characters(codec="ascii"))
def test_a_token_with_any_one_character_changed_is_refused(place: int, character: str) -> None:
    token = mint()
    place %= len(token)
    changed = token[:place] + character + token[place + 1 :]
    if changed != token:
        assert refusal(changed)


@given(st.text())
def test_any_text_is_refused_without_another_error(text: str) -> None:
    assert refusal(text)
    assert refusal(VIEW_TOKEN_PREFIX + text)


UNPROMISABLE = [
    ({"ttl": 0}, "bad_ttl"),
    ({"ttl": limits.VIEW_TOKEN_SECONDS_MAX + 1}, "bad_ttl"),
    ({"user_id": "ana#1"}, "bad_claims"),
    ({"user_id": ""}, "bad_claims"),
    ({"tenant_id": "city#1"}, "bad_claims"),
    ({"job_ids": []}, "bad_claims"),
    ({"job_ids": "job-1"}, "bad_claims"),
    ({"job_ids": ["a,b"]}, "bad_claims"),
    ({"job_ids": ["j"] * (limits.VIEW_TOKEN_JOBS + 1)}, "bad_claims"),
]


@pytest.mark.parametrize(("changes", "code"), UNPROMISABLE)
def test_a_token_that_could_not_be_kept_is_not_made(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(ViewTokenError) as refused:
        mint(**changes)
    assert refused.value.code == code


@pytest.mark.parametrize("call", ["mint_view_token('ana', 'city', **ours)", "verify_view_token('', **ours)"])
def test_without_pyjwt_the_error_names_the_extra(call: str) -> None:
    code = (
        "from status_utils import ViewTokenError, ViewTokenKeys, mint_view_token, verify_view_token\n"
        "ours = {'keys': ViewTokenKeys(lambda: ['k' * 40]), 'audience': 'a'}\n"
        f"try: {call}\n"
        "except ViewTokenError as error: print(error.code, error)"
    )
    command = [sys.executable, "-S", "-c", code]  # -S: no site-packages
    finished = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert finished.stdout == "not_installed PyJWT is not installed: pip install statusbeam[tokens]\n"


KEY_FILES = [
    "-----BEGIN PUBLIC KEY-----\n" + "A" * 64 + "\n-----END PUBLIC KEY-----",
    "ssh-rsa " + "A" * 64,
    json.dumps({"kty": "oct", "k": "A" * 64}),
]


@pytest.mark.parametrize("secret", KEY_FILES)
def test_a_key_file_is_no_secret(secret: str) -> None:
    with pytest.raises(ViewTokenError) as refused:
        mint(Secret([secret]))
    assert refused.value.code == "weak_secret"


WEAK = "s" * (limits.VIEW_TOKEN_SECRET_LENGTH - 1)


@pytest.mark.parametrize("versions", [[], [WEAK], [CURRENT, WEAK]])
def test_a_weak_secret_signs_nothing(versions: list[str]) -> None:
    with pytest.raises(ViewTokenError) as refused:
        mint(Secret(versions))
    assert refused.value.code == "weak_secret"


def test_the_secret_is_read_again_after_five_minutes_not_before() -> None:
    secret = Secret()
    keys = ViewTokenKeys(secret)
    for now in (0, 1, 299, 300, 301):
        keys.current(now)
    assert secret.reads == 2


def test_a_token_with_a_new_key_has_the_secret_read_at_once() -> None:
    secret = Secret([PREVIOUS])
    keys = ViewTokenKeys(secret)
    keys.current(NOW)
    secret.versions = [CURRENT, PREVIOUS]
    token = mint(Secret([CURRENT]))
    later = NOW + 11
    assert verify_view_token(token, keys=keys, audience=AUDIENCE, now=lambda: later).user_id == "ana"
    assert secret.reads == 2


def test_tokens_with_made_up_keys_do_not_have_the_secret_read_each_time() -> None:
    secret = Secret()
    keys = ViewTokenKeys(secret)
    for n in range(100):
        assert keys.find(f"{n:08x}", NOW + n / 100) is None
    assert secret.reads == 1
