"""`statusbeam doctor` on localcloud: each fault is injected, named, and repaired."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from statusbeam.cli.main import main
from statusbeam.localcloud.outputs import DemoUser
from tests.browser.fault_board import FaultBoard
from tests.e2e.broken_parts import (
    changed_environment,
    expired_api_key,
    stopped_publisher,
    throttling_dynamodb,
    without_queue,
)
from tests.e2e.cloud import Cloud, fresh_id, status
from tests.e2e.grants import WATCH_PUBLIC, publish_until, without_grant
from tests.e2e.mortals import mortal_publisher

TABLE = (Path(__file__).parents[2] / "docs/how-to/doctor.md").read_text()
LATENCIES = {"producedToCommitted", "committedToPushed", "pushedToReceived", "producedToReceived"}


class Doctor:
    """Calls the command in this process, as a user of this machine does."""

    def __init__(
        self,
        cloud: Cloud,
        user: DemoUser,
        environment: pytest.MonkeyPatch,
        printed: pytest.CaptureFixture[str],
    ) -> None:
        self.user = user
        self._environment = environment
        self._printed = printed
        environment.setenv("STATUSBEAM_STATE_DIR", str(cloud.state.root))
        environment.setenv("XDG_CONFIG_HOME", str(cloud.state.root / "config"))

    def call(self, *arguments: str, code: int = 0, **environment: str) -> str:
        """The stdout of the call, which must end with `code`."""
        self._printed.readouterr()
        with self._environment.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            ended = main(["doctor", *arguments])
        done = self._printed.readouterr()
        assert ended == code, f"{ended}\n{done.out}\n{done.err}"
        return done.out

    def document(self, *arguments: str, code: int = 0, **environment: str) -> Any:
        """The document that the call prints."""
        return json.loads(self.call(*arguments, "--output", "json", code=code, **environment))

    def names(self, finding: str, words: str, *arguments: str, code: int, **environment: str) -> None:
        """Doctor's finding; `words` are a pattern of its problem. The documentation has its code."""
        document = self.document(*arguments, code=code, **environment)
        found = document["finding"]
        assert (found["code"], bool(found["cure"])) == (finding, True), found
        assert re.search(words, found["problem"]), found["problem"]
        assert f"`{finding}`" in TABLE

    @property
    def reader(self) -> tuple[str, ...]:
        """The options that name the user of the test."""
        return ("--user", self.user.user_id, "--tenant", self.user.tenant_id)


@pytest.fixture(scope="module")
def user(cloud: Cloud) -> DemoUser:
    """A user of a tenant in which no other test has jobs."""
    return cloud.new_user(fresh_id("tenant"))


@pytest.fixture
def doctor(
    cloud: Cloud, user: DemoUser, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Doctor:
    return Doctor(cloud, user, monkeypatch, capsys)


@pytest.fixture
def on_aws(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> str:
    """The stack's name. The emulator is AWS for the calls of this test: no localcloud is known to them."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.outputs.aws_endpoint_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", cloud.outputs.region)
    (name,) = (stack for stack, outputs in cloud.outputs.stacks.items() if "GraphqlUrl" in outputs)
    return name


def test_a_healthy_deployment_has_no_finding_and_a_measured_probe(doctor: Doctor) -> None:
    document = doctor.document(*doctor.reader, "--statuses", "5")
    assert document["finding"] is None
    assert (document["user"], document["tenant"]) == (doctor.user.user_id, doctor.user.tenant_id)
    assert abs(document["clockAheadSeconds"]) < 60
    probe = document["probe"]
    assert [probe[name] for name in ("sent", "committed", "received", "lost")] == [5, 5, 5, 0]
    assert set(probe["milliseconds"]) == LATENCIES
    for latency in probe["milliseconds"].values():
        assert 0 <= latency["p50"] <= latency["p99"]


def test_a_push_that_is_lost_is_recovered_and_one_that_is_repeated_is_counted(
    cloud: Cloud, doctor: Doctor
) -> None:
    board = FaultBoard(cloud.outputs.graphql_url)
    try:
        board.switch(duplicate=1)
        assert doctor.document(*doctor.reader, "--probe")["probe"]["duplicates"] > 0
        board.switch(duplicate=0, drop=1)
        lost = doctor.document(*doctor.reader, "--probe", code=1)
    finally:
        board.reset()
    assert lost["finding"]["code"] == "no_pushes"
    assert (lost["probe"]["lost"], lost["probe"]["recovered"]) == (0, 5)


def test_without_credentials_the_way_to_sign_in_is_named(doctor: Doctor, on_aws: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_ACCESS_KEY_ID")
        patch.delenv("AWS_SECRET_ACCESS_KEY")
        doctor.names("no_credentials", "has no AWS credentials", "--stack", on_aws, code=4)


def test_in_the_wrong_region_the_right_one_is_named(doctor: Doctor, on_aws: str, cloud: Cloud) -> None:
    words = f"{on_aws} is not in the region eu-west-1, but in {cloud.outputs.region}"
    doctor.names("wrong_region", words, "--stack", on_aws, "--region", "eu-west-1", code=5)


def test_for_a_wrong_stack_the_status_stacks_are_named(doctor: Doctor, on_aws: str) -> None:
    document = doctor.document("--stack", f"{on_aws}-2", code=5)
    assert document["finding"]["code"] == "wrong_stack"
    assert on_aws in document["finding"]["cure"]


def test_a_stack_that_holds_no_statuses_is_named(doctor: Doctor, on_aws: str, cloud: Cloud) -> None:
    other = next(name for name in cloud.outputs.stacks if name != on_aws)
    doctor.names("wrong_stack", f"{other} is not a status stack", "--stack", other, code=5)


def test_the_stack_on_aws_is_well(doctor: Doctor, on_aws: str) -> None:
    line = doctor.call("--stack", on_aws, *doctor.reader, "--probe")
    assert line.startswith("ok: 5 of 5 statuses received, produced → received p50 ")
    assert line.count("\n") == 1


def test_without_the_publishers_grant_on_the_mutation_the_role_is_named(cloud: Cloud, doctor: Doctor) -> None:
    cloud.graphql(cloud.key_caller, WATCH_PUBLIC)
    try:
        with without_grant(cloud, cloud.outputs.publisher_function_arn, "appsync:GraphQL"):
            publish_until(cloud, accepted=False)
            words = "may not push them: its role lacks appsync:GraphQL on Mutation.publishStatus"
            doctor.names("push_denied", words, *doctor.reader, "--probe", code=4)
    finally:
        publish_until(cloud, accepted=True)


@pytest.mark.parametrize("changed", [None, "https://elsewhere/graphql"])
def test_a_variable_of_the_publisher_is_named(cloud: Cloud, doctor: Doctor, changed: str | None) -> None:
    with changed_environment(cloud, {"APPSYNC_API_URL": changed}):
        doctor.names("publisher_setting", "APPSYNC_API_URL", *doctor.reader, "--probe", code=1)


def test_without_the_queue_its_address_is_named(cloud: Cloud, doctor: Doctor) -> None:
    with without_queue(cloud):
        words = re.escape(cloud.outputs.status_queue_url)
        doctor.names("queue_gone", words, *doctor.reader, "--probe", code=5)


def test_an_expired_token_is_named_with_its_age(cloud: Cloud, doctor: Doctor) -> None:
    keys, now = cloud.view_token_keys, time.time() - 7_200 - 60
    token = cloud.view_token("somebody", "acme", keys=keys, now=lambda: now, ttl=60)
    words = r"The token \(STATUSBEAM_TOKEN\) expired 2 hours ago"
    doctor.names("token_expired", words, code=4, STATUSBEAM_TOKEN=token)


def test_an_expired_api_key_is_named_with_its_age(cloud: Cloud, doctor: Doctor) -> None:
    with expired_api_key(cloud, time.time() - 86_400):
        doctor.names("api_key_expired", "expired 1 day ago", *doctor.reader, "--statuses", "1", code=4)


def test_a_throttled_table_is_named_for_doctor_and_publisher(
    cloud: Cloud, doctor: Doctor, on_aws: str
) -> None:
    words = "DynamoDB throttles the table of the statuses"
    with throttling_dynamodb() as url:
        arguments = ("--stack", on_aws, *doctor.reader, "--probe")
        doctor.names("table_throttled", words, *arguments, code=6, AWS_ENDPOINT_URL_DYNAMODB=url)
        with changed_environment(cloud, {"AWS_ENDPOINT_URL_DYNAMODB": url}):
            doctor.names("table_throttled", words, *doctor.reader, "--probe", code=6)


@contextmanager
def dying_publisher(cloud: Cloud) -> Iterator[None]:
    with mortal_publisher(cloud, "before TransactWriteItems", f"DIED#{fresh_id('job')}"):
        yield


@pytest.mark.parametrize(
    ("breaks", "finding", "words"),
    [
        (dying_publisher, "publisher_dead", "The publisher fails at every status"),
        (stopped_publisher, "publisher_stopped", "its reserved concurrency is 0"),
    ],
)
def test_a_dead_publisher_is_named(
    cloud: Cloud, doctor: Doctor, breaks: Callable[[Cloud], Any], finding: str, words: str
) -> None:
    with breaks(cloud):
        doctor.names(finding, words, *doctor.reader, "--probe", code=6)


def test_a_clock_that_is_10_minutes_off_is_named(cloud: Cloud, doctor: Doctor) -> None:
    board = FaultBoard(cloud.outputs.graphql_url)
    try:
        board.switch(clockAheadSeconds=600)
        words = "this machine is 10 minutes behind the clock of the API"
        doctor.names("clock", words, *doctor.reader, "--probe", code=1)
    finally:
        board.reset()


def test_a_job_for_nobodys_user_id_is_named_with_the_id_of_who_reads(cloud: Cloud, doctor: Doctor) -> None:
    job_id = fresh_id("job")
    cloud.publish(status(job_id, "nobody", doctor.user.tenant_id, "At work"))
    words = f"{job_id} was published for the user `nobody`.* You read as {doctor.user.user_id}"
    doctor.names("nobodys_user_id", words, *doctor.reader, "--statuses", "1", code=5)
    doctor.names("nobodys_user_id", words, *doctor.reader, "--job", job_id, "--statuses", "1", code=5)


def test_a_repaired_deployment_has_no_finding(cloud: Cloud, doctor: Doctor) -> None:
    job_id = fresh_id("job")
    cloud.publish(
        status(job_id, doctor.user.user_id, doctor.user.tenant_id, "At work")
    )  # newer than nobody's
    rows = dict(line.split("  ", 1) for line in doctor.call(*doctor.reader, "--statuses", "1").splitlines())
    assert rows["problem"].strip() == "none"
    assert rows["statuses"].strip().startswith("1 sent, 1 committed, ")
