"""How functions and workflows report statuses: through the queue, or by invoking the publisher.

A deployment has one of these routes. Its functions and its Step Functions states use this route.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from statusbeam.model.settings import CallerSettings

from ..encryption import grant_encrypt_decrypt
from ..python_function import grant_invoke

Checkpoint = tasks.SqsSendMessage | tasks.LambdaInvoke


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The report of one state. Expressions between `{% %}` are JSONata, evaluated when the state is entered.

    `update` is a StatusInput with its jobId and tenantId. With one `batch_id`, the state's own retries are
    one status. `outputs` is the input of the next state, and `assign` its variables.
    """

    update: Mapping[str, object]
    batch_id: str
    outputs: str
    assign: Mapping[str, str] = field(default_factory=dict)


class StatusRoute(ABC):
    """A route to the publisher."""

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """The environment variables of a function that reports."""

    @abstractmethod
    def grant(self, role: iam.IGrantable) -> None:
        """Let a role report."""

    @abstractmethod
    def _task(self, scope: Construct, name: str, report: Report) -> Checkpoint:
        """The state, in JSONata, which machines of both query languages accept."""

    def checkpoint(self, scope: Construct, name: str, report: Report) -> Checkpoint:
        """A state that reports, and retries for a few seconds. The caller adds the Catch."""
        task = self._task(scope, name, report)
        task.add_retry(
            errors=["States.ALL"],
            max_attempts=2,
            interval=Duration.seconds(1),
            backoff_rate=2,
            max_delay=Duration.seconds(5),
        )
        return task


class QueueRoute(StatusRoute):
    """Through the FIFO queue. It keeps each job's order, and callers do not wait for the commit."""

    def __init__(self, queue: sqs.IQueue) -> None:
        self._queue = queue

    def environment(self) -> dict[str, str]:
        """See StatusRoute.environment."""
        return CallerSettings(status_queue_url=self._queue.queue_url).to_env()

    def grant(self, role: iam.IGrantable) -> None:
        """See StatusRoute.grant."""
        # grant_send_messages would also grant reading the queue's attributes.
        iam.Grant.add_to_principal(
            grantee=role, actions=["sqs:SendMessage"], resource_arns=[self._queue.queue_arn]
        )
        key = self._queue.encryption_master_key
        grant_encrypt_decrypt(role, key.key_arn if key else None, service="sqs")

    def _task(self, scope: Construct, name: str, report: Report) -> tasks.SqsSendMessage:
        return tasks.SqsSendMessage.jsonata(
            scope,
            name,
            queue=self._queue,
            message_body=sfn.TaskInput.from_object({"batchId": report.batch_id, **report.update}),
            message_group_id=_group(str(report.update["tenantId"]), str(report.update["jobId"])),
            # The same in every retry: the queue drops a retry of a message whose answer got lost.
            message_deduplication_id=report.batch_id,
            outputs=report.outputs,
            assign=report.assign or None,
        )


class InvokeRoute(StatusRoute):
    """Invokes the publisher. Functions do so asynchronously, without order. States wait for the commit."""

    def __init__(self, publisher: lambda_.IFunction) -> None:
        self._publisher = publisher

    def environment(self) -> dict[str, str]:
        """See StatusRoute.environment."""
        return CallerSettings(status_publisher_function=self._publisher.function_arn).to_env()

    def grant(self, role: iam.IGrantable) -> None:
        """See StatusRoute.grant."""
        grant_invoke(role, self._publisher)

    def _task(self, scope: Construct, name: str, report: Report) -> tasks.LambdaInvoke:
        return tasks.LambdaInvoke.jsonata(
            scope,
            name,
            lambda_function=self._publisher,
            payload=sfn.TaskInput.from_object({"batchId": report.batch_id, "updates": [report.update]}),
            retry_on_service_exceptions=False,
            outputs=report.outputs,
            assign=report.assign or None,
        )


def _group(tenant_id: str, job_id: str) -> str:
    """The group of status_utils.transports.queue_messages.group_of, so that all senders share one order."""
    key = " & '#' & ".join(map(_escaped, (tenant_id, job_id)))
    return f"{{% $hash({key}, 'SHA-256') %}}"


def _escaped(part: str) -> str:
    """JSONata for `escape_key_part` of a text or of an expression between `{% %}`."""
    inner = part.removeprefix("{%").removesuffix("%}").strip()
    value = inner if inner != part else json.dumps(part)
    return f"$replace($replace({value}, '%', '%25'), '#', '%23')"
