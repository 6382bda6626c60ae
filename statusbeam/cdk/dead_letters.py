"""Where payloads and events end that failed too often, until somebody looks."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .compliance import accept
from .stage import StageConfig


def dead_letter_queue(scope: Construct, construct_id: str, *, stage: StageConfig) -> sqs.Queue:
    """A queue without order that keeps what it is given for two weeks."""
    queue = sqs.Queue(
        scope,
        construct_id,
        enforce_ssl=not stage.emulated,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        retention_period=Duration.days(14),
        removal_policy=stage.removal_policy,
    )
    accept(queue, rule="AwsSolutions-SQS3", reason="This queue is the dead-letter queue.")
    if stage.emulated:
        reason = "The emulator speaks plain HTTP, on the loopback interface only."
        accept(queue, rule="AwsSolutions-SQS4", reason=reason)
    return queue
