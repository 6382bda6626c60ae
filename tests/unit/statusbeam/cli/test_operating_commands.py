"""run, publish, queue, delete-user, bridge and cost, on AWS services in memory."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError as ServiceError
from moto import mock_aws

from statusbeam.cli.commands.bridge import credentials, settings
from statusbeam.cli.cost_model import Load, bill, commits
from statusbeam.cli.main import main
from statusbeam.cli.options import TargetOptions, UserOptions
from statusbeam.client.contexts import Contexts
from statusbeam.client.target import Flags, Target, choose
from statusbeam.log.journal.dynamo import DynamoJournal
from statusbeam.log.publishing.payload import batches, parse_payload
from statusbeam.log.publishing.screening import detail_folder
from statusbeam.model.settings import StatusTable
from tests.unit.dynamo_tables import SESSIONS_TABLE, STATUS_TABLE, dynamo_tables
from tests.unit.statusbeam.cli.fake_deployment import FakeDeployment, deploy

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:"


class Client:
    """A client with the test's answers. It records its calls."""

    def __init__(self, **answers: Any) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        if name not in self._answers:
            raise AttributeError(name)

        def call(**request: Any) -> Any:
            self.calls.append((name, request))
            answer = self._answers[name]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call

    def get_paginator(self, name: str) -> Any:
        answer = self._answers[name]

        class Pages:
            def paginate(self) -> list[Any]:
                return [answer]

        return Pages()


class FakeTarget(Target):
    """A target whose clients are a test's own, or moto's."""

    clients: dict[str, Any]

    @cached_property
    def session(self) -> boto3.session.Session:
        return boto3.session.Session(region_name="us-east-1")

    def client(self, service: str) -> Any:
        return self.clients.get(service) or self.session.client(service)  # type: ignore[call-overload]


def target_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, outputs: dict[str, str], **clients: Any
) -> FakeTarget:
    """Let every command use a target with these outputs."""
    chosen = FakeTarget(choose(Flags(stack="Dev-Status"), {}, Contexts(tmp_path)), outputs)
    object.__setattr__(chosen, "clients", clients)
    for options in (TargetOptions, UserOptions):
        monkeypatch.setattr(options, "target", lambda _: chosen)
    return chosen


@pytest.fixture
def machines() -> Client:
    names = ("CivicComplaints-1a2b", "CivicReports-3c4d")
    listed = [{"name": name, "stateMachineArn": f"{MACHINE}{name}"} for name in names]
    return Client(list_state_machines={"stateMachines": listed}, start_execution={"executionArn": "arn:e"})


@pytest.mark.parametrize("named", ["complaints", "CivicComplaints-1a2b", f"{MACHINE}CivicComplaints-1a2b"])
def test_run_starts_the_machine_that_is_named_and_prints_the_job(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
    capsys: pytest.CaptureFixture[str],
    machines: Client,
    named: str,
) -> None:
    target_on(monkeypatch, tmp_path, {}, stepfunctions=machines)
    deploy(monkeypatch, FakeDeployment({}))
    assert main(["run", named, "--input", '{"text": "x", "userId": "eve"}', "--job", "job-7"]) == 0
    (_, request) = machines.calls[-1]
    assert request["stateMachineArn"] == f"{MACHINE}CivicComplaints-1a2b"
    assert request["name"] == "job-7"
    assert json.loads(request["input"]) == {
        "text": "x",
        "jobId": "job-7",
        "userId": "ana",
        "tenantId": "acme",
    }
    assert capsys.readouterr().out == "job-7\n"


def test_run_says_what_to_do_when_the_machine_has_run_the_job_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    refusal = ServiceError(
        {"Error": {"Code": "ExecutionAlreadyExists", "Message": "Execution Already Exists"}}, "StartExecution"
    )
    target_on(monkeypatch, tmp_path, {}, stepfunctions=Client(start_execution=refusal))
    deploy(monkeypatch, FakeDeployment({}))
    assert main(["run", f"{MACHINE}Reports", "--job", "job-7"]) == 2
    said = capsys.readouterr().err
    assert "has run the job job-7 already: name another with --job, or leave --job out." in said


@pytest.mark.parametrize("named", ["civic", "nothing"])
def test_run_names_the_machines_when_the_name_is_not_of_one(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
    capsys: pytest.CaptureFixture[str],
    machines: Client,
    named: str,
) -> None:
    target_on(monkeypatch, tmp_path, {}, stepfunctions=machines)
    deploy(monkeypatch, FakeDeployment({}))
    assert main(["run", named]) == 5
    assert "CivicComplaints-1a2b, CivicReports-3c4d" in capsys.readouterr().err
    assert machines.calls == []


def test_run_takes_its_input_from_stdin_and_refuses_what_cannot_name_an_execution(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, machines: Client
) -> None:
    target_on(monkeypatch, tmp_path, {}, stepfunctions=machines)
    deploy(monkeypatch, FakeDeployment({}))
    monkeypatch.setattr("sys.stdin", io.StringIO('{"a": 1}'))
    assert main(["run", "complaints", "--input", "-"]) == 0
    assert json.loads(machines.calls[-1][1]["input"])["a"] == 1
    assert main(["run", "complaints", "--job", "a.b"]) == 2
    assert main(["run", "complaints", "--input", "no/such/file"]) == 2
    assert main(["publish", "job-1", "progress", "--metadata", "[1]"]) == 2


def publisher(answer: Any, **more: Any) -> Client:
    return Client(invoke={"Payload": io.BytesIO(json.dumps(answer).encode()), **more})


REJECTED = {"committed": 0, "pushed": 0}
PUBLISHED = [
    ({"committed": 1, "pushed": 1, "rejected": []}, {}, 0),
    ({**REJECTED, "rejected": [{"code": "foreign_owner", "message": "not yours"}]}, {}, 4),
    ({**REJECTED, "rejected": [{"code": "wrong_type", "message": "progress"}]}, {}, 2),
    ({"errorMessage": "boom"}, {"FunctionError": "Unhandled"}, 6),
]


@pytest.mark.parametrize(("answer", "more", "code"), PUBLISHED)
def test_publish_ends_with_what_the_publisher_answers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, *, answer: Any, more: dict[str, str], code: int
) -> None:
    functions = publisher(answer, **more)
    target_on(monkeypatch, tmp_path, {"PublisherFunctionArn": "arn:p"}, **{"lambda": functions})
    deploy(monkeypatch, FakeDeployment({}))
    assert main(["publish", "job-1", "progress", "--agent", "Geo", "--progress", "40"]) == code
    payload = json.loads(functions.calls[0][1]["Payload"])
    (entry,) = payload["updates"]
    assert (entry["jobId"], entry["userId"], entry["progress"], entry["agentName"]) == (
        "job-1",
        "ana",
        40,
        "Geo",
    )


@pytest.fixture
def queues(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[dict[str, str]]:
    with mock_aws():
        sqs = boto3.client("sqs", region_name="us-east-1")
        fifo: Any = {"FifoQueue": "true"}
        outputs = {
            "StatusQueueUrl": sqs.create_queue(QueueName="s.fifo", Attributes=fifo)["QueueUrl"],
            "StatusDeadLetterQueueUrl": sqs.create_queue(QueueName="d.fifo", Attributes=fifo)["QueueUrl"],
            "DeadLetterQueueUrl": sqs.create_queue(QueueName="invokes")["QueueUrl"],
            "PublisherFunctionArn": "arn:p",
        }
        for number in range(3):
            sqs.send_message(
                QueueUrl=outputs["StatusDeadLetterQueueUrl"],
                MessageBody=json.dumps({"updates": [{"jobId": f"job-{number}", "status": "progress"}]}),
                MessageGroupId=f"group-{number}",
                MessageDeduplicationId=str(number),
            )
        record = {"requestContext": {"requestId": "r-1"}, "requestPayload": {"jobId": "j", "status": "s"}}
        sqs.send_message(QueueUrl=outputs["DeadLetterQueueUrl"], MessageBody=json.dumps(record))
        yield outputs


def count(url: str) -> int:
    sqs = boto3.client("sqs", region_name="us-east-1")
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(attributes["Attributes"]["ApproximateNumberOfMessages"])


def test_peek_shows_dead_letters_and_leaves_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str], queues: dict[str, str]
) -> None:
    target_on(monkeypatch, tmp_path, queues)
    assert main(["queue", "peek", "--output", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [letter["jobs"] for letter in shown] == [["job-0"], ["job-1"], ["job-2"]]
    assert main(["queue", "peek", "--queue", "invokes"]) == 0
    assert capsys.readouterr().out.endswith(" 1 j s\n")
    assert (count(queues["StatusDeadLetterQueueUrl"]), count(queues["DeadLetterQueueUrl"])) == (3, 1)


def test_redrive_delivers_dead_letters_in_their_groups_and_removes_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str], queues: dict[str, str]
) -> None:
    target_on(monkeypatch, tmp_path, queues)
    assert main(["queue", "redrive", "--limit", "2"]) == 0
    assert capsys.readouterr().out == "2 messages are delivered again.\n"
    assert (count(queues["StatusQueueUrl"]), count(queues["StatusDeadLetterQueueUrl"])) == (2, 1)
    sqs = boto3.client("sqs", region_name="us-east-1")
    (message,) = sqs.receive_message(QueueUrl=queues["StatusQueueUrl"], MessageSystemAttributeNames=["All"])[
        "Messages"
    ]
    assert message["Attributes"]["MessageGroupId"] == "group-0"


def test_redriven_invokes_keep_their_batch(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, queues: dict[str, str]
) -> None:
    functions = Client(invoke={})
    target_on(monkeypatch, tmp_path, queues, **{"lambda": functions})
    assert main(["queue", "redrive", "--queue", "invokes"]) == 0
    ((_, request),) = functions.calls
    assert json.loads(request["Payload"]) == {"jobId": "j", "status": "s", "batchId": "r-1"}
    assert count(queues["DeadLetterQueueUrl"]) == 0


def test_a_queue_that_is_not_there_ends_with_5(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    with mock_aws():
        target_on(
            monkeypatch,
            tmp_path,
            {"StatusDeadLetterQueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/none.fifo"},
        )
        assert main(["queue", "peek"]) == 5


def entry_of(user: str, job: str, number: int, agent: int) -> dict[str, Any]:
    return {
        "jobId": job,
        "userId": user,
        "tenantId": "acme",
        "eventId": f"{job}-{number}",
        "status": "progress",
        "agentName": f"Agent {agent}",
        "message": "m" * 70,
    }


def commit(client: Any, payload: dict[str, Any]) -> None:
    """Commit a payload as the publisher does."""
    journal = DynamoJournal(client, STATUS_TABLE, log_retention_days=7, job_retention_days=90)
    now = time.time()
    for parts in batches(parse_payload(payload, batch_id="b", now=now)):
        for part in parts:
            journal.commit(part, deadline=now + 60)


def committed(client: Any, user: str, job: str, statuses: int) -> None:
    entries = [entry_of(user, job, number, number % 2) for number in range(statuses)]
    commit(client, {"batchId": job, "updates": entries})


def test_delete_user_deletes_all_of_the_user_and_nothing_of_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with dynamo_tables() as client:
        committed(client, "ana", "job-1", 5)
        committed(client, "ana", "job-2", 60)
        committed(client, "anabel", "job-3", 2)
        for sort in ("ana#1", "#tenant#ana#2", "anabel#3"):
            client.put_item(TableName=SESSIONS_TABLE, Item={"tenant_id": {"S": "acme"}, "sk": {"S": sort}})
        objects = boto3.client("s3", region_name="us-east-1")
        objects.create_bucket(Bucket="details")
        for user, job in (("ana", "job-1"), ("anabel", "job-3")):
            objects.put_object(Bucket="details", Key=f"{detail_folder('acme', user, job)}1.json", Body=b"{}")
        functions = Client(
            get_function_configuration={"Environment": {"Variables": {"DETAIL_BUCKET": "details"}}}
        )
        outputs = {
            "StatusTable": STATUS_TABLE,
            "UserSessionsTable": SESSIONS_TABLE,
            "PublisherFunctionArn": "arn:p",
        }
        target_on(monkeypatch, tmp_path, outputs, **{"lambda": functions})
        monkeypatch.setattr("sys.stdin", io.StringIO())
        assert main(["delete-user", "--user", "ana", "--tenant", "acme"]) == 2
        assert main(["delete-user", "--user", "ana", "--tenant", "acme", "--yes", "-o", "json"]) == 0
        counts = json.loads(capsys.readouterr().out)
        assert (counts["jobs"], counts["details"], counts["sessions"]) == (2, 1, 2)
        left = client.scan(TableName=STATUS_TABLE)["Items"]
        assert {item[StatusTable.PARTITION_KEY]["S"] for item in left} == {"JOB#acme#job-3"}
        assert [item["sk"]["S"] for item in client.scan(TableName=SESSIONS_TABLE)["Items"]] == ["anabel#3"]
        (kept,) = objects.list_objects_v2(Bucket="details")["Contents"]
        assert kept["Key"].startswith(detail_folder("acme", "anabel", "job-3"))


def test_the_bridge_gets_the_settings_and_credentials_of_its_target(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    outputs = {
        "StatusTable": "s",
        "UserSessionsTable": "u",
        "ViewTokenSecretArn": "arn:secret",
        "ViewTokenAudience": "a",
        "UserPoolId": "pool",
        "UserPoolClientId": "client",
    }
    target = target_on(monkeypatch, tmp_path, outputs)
    made = settings(target, ["complaints=arn:m"])
    assert (made.status_table, made.user_pool_id, made.app_clients) == ("s", "pool", ("client",))
    assert (made.user_claim, made.tenant_claim, made.oidc_issuer) == ("sub", None, None)
    assert made.workflows == {"complaints": "arn:m"}
    assert credentials(target)["AWS_ACCESS_KEY_ID"] == "testing"


def test_the_bridge_takes_the_tokens_of_the_provider_of_its_target(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    outputs = {
        "StatusTable": "s",
        "UserSessionsTable": "u",
        "OidcIssuer": "https://login.example.com",
        "OidcClientId": "page",
        "UserClaim": "login",
        "TenantClaim": "city",
        "RolesClaim": "groups",
    }
    made = settings(target_on(monkeypatch, tmp_path, outputs), [])
    assert (made.oidc_issuer, made.app_clients) == ("https://login.example.com", ("page",))
    assert (made.user_claim, made.tenant_claim, made.roles_claim) == ("login", "city", "groups")
    assert (made.user_pool_id, made.issuer_keys_url) == (None, None)


class Counted:
    """A DynamoDB client that counts write units as AWS documents them: two a started kilobyte and item."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.units = 0
        self.commits = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        self.commits += 1
        for action in request["TransactItems"]:
            ((_, put),) = action.items()
            size = len(json.dumps(put.get("Item", {})).encode()) // 2  # the types take the other half
            self.units += 2 * max(1, -(-size // 1024))
        return self._client.transact_write_items(**request)


@pytest.mark.parametrize(("statuses", "agents", "batch"), [(30, 4, 4), (20, 1, 5), (12, 3, 1)])
def test_the_formula_counts_the_commits_and_write_units_that_the_journal_makes(
    statuses: int, agents: int, batch: int
) -> None:
    with dynamo_tables() as client:
        counted = Counted(client)
        for first in range(0, statuses, batch):
            numbers = range(first, min(statuses, first + batch))
            entries = [entry_of("ana", "job-1", number, number % agents) for number in numbers]
            commit(counted, {"batchId": f"b-{first}", "updates": entries})
    load = Load(jobs=1, statuses=statuses, agents=agents, batch=batch)
    by_name = {item.name: item.count for item in bill(load)}
    history_and_indexes = 8 + 2 * (agents + 1)
    assert counted.commits == commits(load) == by_name["publisher invocations"]
    assert by_name["table write units"] - history_and_indexes == pytest.approx(counted.units, rel=0.05)


def test_without_watchers_there_are_no_pushes_and_a_plain_watcher_costs_more() -> None:
    def dollars(**load: Any) -> dict[str, float]:
        return {item.name: item.dollars for item in bill(Load(jobs=1_000_000, **load))}

    assert (dollars(watchers=0)["mutations"], dollars(watchers=0)["deliveries"]) == (0, 0)
    assert dollars(plain=True)["mutations"] > 3 * dollars()["mutations"]
    assert dollars(watchers=10)["deliveries"] == pytest.approx(10 * dollars()["deliveries"])


def test_the_bill_is_the_one_of_a_job_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    call = ["cost", "--jobs", "1000000", "--statuses", "10", "--agents", "1", "--batch", "10", "-o", "json"]
    assert main(call) == 0
    document = json.loads(capsys.readouterr().out)
    counts = {item["name"]: item["count"] for item in document["items"]}
    assert counts["mutations"] == counts["publisher invocations"] == 1e6
    assert counts["deliveries"] == 2e6  # ten statuses of 600 bytes are two updates of 5 kB
    assert counts["table write units"] == 1e6 * (2 * (2 + 1) + 20 + 8 + 4)
    assert document["dollarsPerMonth"] == pytest.approx(
        sum(item["dollars"] for item in document["items"]), abs=0.05
    )


def test_whoami_shows_the_source_of_each_setting_also_without_a_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    outputs = {"GraphqlUrl": "https://api.example.com/graphql"}
    target_on(monkeypatch, tmp_path, outputs)
    assert main(["whoami", "--output", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["deployment"] == {"value": "Dev-Status", "source": "--stack"}
    assert shown["region"] == {"value": "us-east-1", "source": "AWS configuration"}
    assert shown["user"] == {"value": None, "source": "not set"}
    assert "statusbeam login" in shown["credentials"]["value"]
    assert main(["whoami"]) == 0
    assert "api          https://api.example.com/graphql (outputs" in capsys.readouterr().out
