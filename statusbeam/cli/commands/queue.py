"""`statusbeam queue`: the dead letters of a deployment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typer import Option

from ..options import OutputFormat, TargetOptions
from ..parser import group
from ..plain_text import print_line
from ..records import Output, Stream, print_document

if TYPE_CHECKING:
    from statusbeam.client.target import Target

DEAD_LETTERS = {"statuses": "StatusDeadLetterQueueUrl", "invokes": "DeadLetterQueueUrl"}
"""The output that names the queue of each kind."""
HIDDEN_SECONDS = 60
"""The most seconds that a shown message is hidden from other consumers."""
_AT_ONCE = 10
Kind = Annotated[
    Literal["statuses", "invokes"],
    Option("--queue", help="statuses: messages of the queue; invokes: asynchronous invokes of the publisher"),
]
Limit = Annotated[int, Option("--limit", min=1, metavar="NUMBER", help="most messages")]


def _peek(
    options: TargetOptions,
    *,
    queue: Kind = "statuses",
    limit: Limit = 10,
    output: OutputFormat = Output.TABLE,
) -> int:
    """Show dead letters, and leave them in their queue.

    A line has the message's id, the number of its deliveries, its jobs and its statuses.
    """
    with _received(options.target(), queue, limit) as letters, Stream(output, _print) as stream:
        for letter in letters:
            stream.add(_document(letter))
    return 0


def _redrive(
    options: TargetOptions,
    *,
    queue: Kind = "statuses",
    limit: Limit = 1000,
    output: OutputFormat = Output.TABLE,
) -> int:
    """Deliver dead letters again, the oldest first, and remove them.

    A batch that was committed before is not committed twice: the publisher recognises batches for 21 days.
    """
    target = options.target()
    count = 0
    with _received(target, queue, limit) as letters:
        for letter in letters:
            _deliver(target, queue, letter)
            count += 1
    print_document(
        output, {"redriven": count}, lambda _: print_line(f"{count} messages are delivered again.")
    )
    return 0


@contextmanager
def _received(target: Target, queue: str, limit: int) -> Iterator[Iterator[Mapping[str, Any]]]:
    """The messages of a dead-letter queue. Messages that were not removed are visible again at the end."""
    from statusbeam.client.aws_errors import aws_call  # noqa: PLC0415 - --help does without

    client, url = target.client("sqs"), target.output(DEAD_LETTERS[queue])
    seen: dict[str, str] = {}

    def receive() -> Iterator[Mapping[str, Any]]:
        while len(seen) < limit:
            answer = client.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=min(_AT_ONCE, limit - len(seen)),
                VisibilityTimeout=HIDDEN_SECONDS,
                MessageSystemAttributeNames=["All"],
            )
            messages = [each for each in answer.get("Messages", ()) if each["MessageId"] not in seen]
            if not messages:
                return
            for message in messages:
                seen[message["MessageId"]] = message["ReceiptHandle"]
                yield message

    with aws_call(f"read the dead letters of the {queue}"):
        try:
            yield receive()
        finally:
            for handle in seen.values():
                _release(client, url, handle)


def _release(client: Any, url: str, handle: str) -> None:
    from contextlib import suppress  # noqa: PLC0415 - here only

    from botocore.exceptions import ClientError  # noqa: PLC0415 - loads the AWS SDK

    with suppress(ClientError):  # it was removed, or is visible again already
        client.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)


def _deliver(target: Target, queue: str, letter: Mapping[str, Any]) -> None:
    client = target.client("sqs")
    if queue == "statuses":
        client.send_message(
            QueueUrl=target.output("StatusQueueUrl"),
            MessageBody=letter["Body"],
            MessageGroupId=letter["Attributes"]["MessageGroupId"],
            MessageDeduplicationId=letter["MessageId"],  # its first receipt may have been used just now
        )
    else:
        record = json.loads(letter["Body"])
        payload = record["requestPayload"]
        payload.setdefault("batchId", record["requestContext"]["requestId"])
        target.client("lambda").invoke(
            FunctionName=target.output("PublisherFunctionArn"),
            InvocationType="Event",
            Payload=json.dumps(payload).encode(),
        )
    url = target.output(DEAD_LETTERS[queue])
    client.delete_message(QueueUrl=url, ReceiptHandle=letter["ReceiptHandle"])


def _document(letter: Mapping[str, Any]) -> dict[str, Any]:
    try:
        body = json.loads(letter["Body"])
    except ValueError:
        body = letter["Body"]
    payload = body.get("requestPayload", body) if isinstance(body, dict) else {}
    updates = payload.get("updates", [payload]) if isinstance(payload, dict) else []
    entries = [update for update in updates if isinstance(update, dict)]
    return {
        "messageId": letter["MessageId"],
        "receives": int(letter["Attributes"]["ApproximateReceiveCount"]),
        "sentAt": int(letter["Attributes"]["SentTimestamp"]),
        "jobs": list(dict.fromkeys(str(entry.get("jobId")) for entry in entries)),
        "statuses": [str(entry.get("status")) for entry in entries],
        "body": body,
    }


def _print(document: Mapping[str, Any]) -> None:
    print_line(
        document["messageId"],
        document["receives"],
        ", ".join(document["jobs"]) or "-",
        ", ".join(document["statuses"]) or "-",
    )


COMMAND = group(
    "Show dead letters, and deliver them again.",
    {"peek": _peek, "redrive": _redrive},
    examples=(
        "statusbeam queue peek --stack Dev-Status",
        "statusbeam queue redrive --queue invokes --limit 100",
    ),
)
