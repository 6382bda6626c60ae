"""Dead-letter queues: payloads and events that failed too often."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .compliance import accept
from .encryption import customer_key
from .options import ResourceOptions


def dead_letter_queue(scope: Construct, construct_id: str, *, resources: ResourceOptions) -> sqs.Queue:
    """A queue without order that keeps its messages for two weeks."""
    key = customer_key(scope, resources, f"{construct_id}Key")
    queue = sqs.Queue(
        scope,
        construct_id,
        enforce_ssl=not resources.emulated,
        encryption=sqs.QueueEncryption.KMS if key else sqs.QueueEncryption.SQS_MANAGED,
        encryption_master_key=key,
        retention_period=Duration.days(14),
        removal_policy=resources.removal_policy,
    )
    accept(queue, rule="AwsSolutions-SQS3", reason="This queue is the dead-letter queue.")
    if resources.emulated:
        reason = "The emulator speaks plain HTTP, on the loopback interface only."
        accept(queue, rule="AwsSolutions-SQS4", reason=reason)
    return queue
