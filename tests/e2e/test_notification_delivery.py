"""From a commit to an event bus, on the emulator: stream, filter, both functions, the queue, EventBridge."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from statusbeam.cdk.bundling import LOG, build_bundle
from statusbeam.cdk.notifications.stream_filter import HEADS_WITH_EVENT
from statusbeam.log.journal.dynamo import DynamoJournal
from statusbeam.model.settings import (
    JOB_STATUS_CHANGE,
    NotificationChannel,
    NotificationSettings,
    StatusTable,
    channels_text,
)
from tests.e2e.bare_emulator import Emulator, emulator_process
from tests.e2e.waiting import wait_for
from tests.unit.samples import NOW, batch_of, update

TABLE = "StatusTable"
OF_JOB: dict[str, Any] = {"agentName": None}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulator_process(tmp_path_factory.mktemp("emulator")) as running:
        yield running


class Deployed:
    """The parts of StatusNotifications, with a queue that gets the events of the bus."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._sqs = emulator.client("sqs")
        stream = self._table()
        fifo = {"FifoQueue": "true", "VisibilityTimeout": "30"}
        deliveries = self._queue("Deliveries.fifo", fifo)
        leases = self._queue("Leases", {"VisibilityTimeout": "30"})
        self._seen, bus = self._bus()
        channel = NotificationChannel(name="bus", kind="event_bridge", target=bus)
        settings = NotificationSettings(
            status_table=TABLE,
            notification_channels=channels_text((channel,)),
            notification_queue_url=deliveries[0],
            lease_queue_url=leases[0],
        )
        for name, source, more in (
            (
                "job_lifecycle",
                stream,
                {
                    "StartingPosition": "TRIM_HORIZON",
                    "FilterCriteria": {"Filters": [{"Pattern": json.dumps(HEADS_WITH_EVENT)}]},
                },
            ),
            ("notification_sender", deliveries[1], {"BatchSize": 1}),
        ):
            self._function(name, settings)
            emulator.client("lambda").create_event_source_mapping(
                EventSourceArn=source,
                FunctionName=name,
                FunctionResponseTypes=["ReportBatchItemFailures"],
                **more,
            )
        self.journal = DynamoJournal(
            emulator.client("dynamodb"), TABLE, log_retention_days=7, job_retention_days=90
        )

    def commit(self, batch_id: str, *entries: dict[str, Any]) -> None:
        updates = [update(f"{batch_id}.{number}", **entry) for number, entry in enumerate(entries)]
        self.journal.commit(batch_of(updates, batch_id), deadline=NOW + 1e9)

    def seen(self) -> list[dict[str, Any]]:
        """The events on the bus since the last call."""
        found = self._sqs.receive_message(QueueUrl=self._seen, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in found.get("Messages", []):
            self._sqs.delete_message(QueueUrl=self._seen, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in found.get("Messages", [])]

    def _table(self) -> str:
        names = (StatusTable.PARTITION_KEY, StatusTable.SORT_KEY)
        made = self._emulator.client("dynamodb").create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
            KeySchema=[
                {"AttributeName": name, "KeyType": kind}
                for name, kind in zip(names, ("HASH", "RANGE"), strict=True)
            ],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        return str(made["TableDescription"]["LatestStreamArn"])

    def _queue(self, name: str, attributes: dict[str, str]) -> tuple[str, str]:
        url = self._sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, found["Attributes"]["QueueArn"]

    def _bus(self) -> tuple[str, str]:
        events = self._emulator.client("events")
        url, queue = self._queue("Seen", {})
        bus = events.create_event_bus(Name="jobs")["EventBusArn"]
        pattern = json.dumps({"source": ["statusbeam"], "detail-type": [JOB_STATUS_CHANGE]})
        events.put_rule(Name="all", EventBusName="jobs", EventPattern=pattern)
        events.put_targets(Rule="all", EventBusName="jobs", Targets=[{"Id": "1", "Arn": queue}])
        return url, bus

    def _function(self, name: str, settings: NotificationSettings) -> None:
        iam = self._emulator.client("iam")
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
        # What each may do is tests/infra's.
        everything = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
        }
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(everything))
        bundle = build_bundle(
            sources=("lambdas/__init__.py", f"lambdas/{name}", *LOG, "statusbeam/notifications")
        )
        self._emulator.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.14",
            Handler=f"lambdas.{name}.handler.handler",
            Role=role["Role"]["Arn"],
            Code={"ZipFile": zipped(bundle.path)},
            Environment={"Variables": settings.to_env()},
            Timeout=30,
        )


def zipped(folder: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return content.getvalue()


def test_an_event_bus_learns_what_was_committed_in_order_and_nothing_else(emulator: Emulator) -> None:
    deployed = Deployed(emulator)
    deployed.commit("b1", {**OF_JOB, "status": "loading_agents"})
    deployed.commit("b2", {"status": "agent_invoking"})
    deployed.commit("b3", {"status": "agent_complete"}, {**OF_JOB, "status": "error", "message": "No map"})
    found: list[dict[str, Any]] = []

    def both() -> bool:
        found.extend(deployed.seen())
        return len(found) >= 2

    wait_for("both events", both)
    assert [(one["detail"]["type"], one["detail"]["data"]["eventId"]) for one in found] == [
        ("job.started", "b1.0"),
        ("job.failed", "b3.1"),
    ]
    assert found[1]["detail"]["data"]["message"] == "No map"
    assert deployed.seen() == []
