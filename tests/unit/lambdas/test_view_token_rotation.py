"""The rotation of the view tokens' secret, in the steps of Secrets Manager."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from lambdas.view_token_rotation import handler as function
from lambdas.view_token_rotation.rotation import Rotation, RotationError
from status_utils.tokens import ViewTokenKeys, mint_view_token, verify_view_token
from status_utils.tokens.secret_versions import SecretVersions

NAME = "view-tokens"
FIRST = "first-" + "1" * 40
NEW = "new-version"
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


class NotFoundError(ClientError):
    """Secrets Manager's error for a missing version, or one without a value."""

    def __init__(self) -> None:
        super().__init__({"Error": {"Code": "ResourceNotFoundException"}}, "GetSecretValue")


class Exceptions:
    ResourceNotFoundException = NotFoundError


@dataclass
class Secrets:
    """Secrets Manager with one secret, whose rotation has begun: the new version has no value.

    moto refuses a value for such a version.
    """

    exceptions = Exceptions
    values: dict[str, str] = field(default_factory=lambda: {"old-version": FIRST})
    stages: dict[str, list[str]] = field(
        default_factory=lambda: {"old-version": ["AWSCURRENT"], NEW: ["AWSPENDING"]}
    )

    def describe_secret(self, **_: Any) -> dict[str, Any]:
        return {"VersionIdsToStages": self.stages}

    def get_secret_value(self, **asked: str) -> dict[str, Any]:
        stage = asked.get("VersionStage", "AWSCURRENT")
        in_stage = next((version for version, stages in self.stages.items() if stage in stages), "")
        found = asked.get("VersionId", in_stage)
        if found not in self.values:
            raise NotFoundError
        return {"SecretString": self.values[found], "CreatedDate": dt.datetime.now(dt.UTC)}

    def put_secret_value(self, **given: Any) -> None:
        version = given["ClientRequestToken"]
        assert version not in self.values, "a version's value never changes"
        self.values[version] = given["SecretString"]
        self.stages[version] = given["VersionStages"]

    def update_secret_version_stage(self, **given: str) -> None:
        assert given["VersionStage"] == "AWSCURRENT"
        former = self.stages[given["RemoveFromVersionId"]]
        former.remove("AWSCURRENT")
        former.append("AWSPREVIOUS")  # as Secrets Manager does by itself
        self.stages[given["MoveToVersionId"]].append("AWSCURRENT")


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Secrets:
    made = Secrets()
    monkeypatch.setattr(function, "rotation", lambda: Rotation(cast("Any", made)))
    return made


def run(step: str, version: str = NEW) -> None:
    event = function.RotationEvent(SecretId=NAME, ClientRequestToken=version, Step=step)
    function.handler(event, cast("Any", None))


def current(secrets: Secrets) -> str:
    return str(secrets.get_secret_value()["SecretString"])


def test_after_the_last_step_a_new_secret_signs_and_the_last_one_still_verifies(secrets: Secrets) -> None:
    def keys() -> ViewTokenKeys:
        return ViewTokenKeys(SecretVersions(cast("Any", secrets), NAME))

    before = mint_view_token("ana", "city", keys=keys(), audience="a")
    for step in STEPS:
        run(step)
    assert current(secrets) == secrets.values[NEW]
    after = mint_view_token("ana", "city", keys=keys(), audience="a")
    assert before.split(".")[1] != after.split(".")[1], "the headers name different keys"
    for token in (before, after):
        assert verify_view_token(token, keys=keys(), audience="a").user_id == "ana"


def test_each_rotation_makes_another_random_secret(secrets: Secrets) -> None:
    run("createSecret")
    other = Secrets()
    Rotation(cast("Any", other)).run("createSecret", secret_id=NAME, version=NEW)
    assert len(secrets.values[NEW]) == len(other.values[NEW]) == 64
    assert secrets.values[NEW] != other.values[NEW]


def test_until_the_last_step_the_old_secret_is_the_current_one(secrets: Secrets) -> None:
    for step in STEPS[:-1]:
        run(step)
        assert current(secrets) == FIRST


def test_steps_that_run_again_change_nothing(secrets: Secrets) -> None:
    for step in STEPS:
        run(step)
        values, stages = dict(secrets.values), {name: list(each) for name, each in secrets.stages.items()}
        run(step)
        assert (secrets.values, secrets.stages) == (values, stages)


@pytest.mark.parametrize("step", STEPS)
def test_a_version_that_no_rotation_began_is_refused(secrets: Secrets, step: str) -> None:
    with pytest.raises(RotationError, match="no rotation began"):
        run(step, "another-version")
    assert secrets.values == {"old-version": FIRST}


@pytest.mark.parametrize("value", [None, "short"])
def test_a_secret_that_is_too_short_to_sign_with_is_refused(secrets: Secrets, value: str | None) -> None:
    if value is not None:
        secrets.values[NEW] = value
    with pytest.raises(RotationError, match="too short"):
        run("testSecret")


def test_an_unknown_step_is_refused(secrets: Secrets) -> None:
    with pytest.raises(RotationError, match="unknown step"):
        run("somethingElse")
