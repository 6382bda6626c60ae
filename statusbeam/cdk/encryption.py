"""The customer-managed key of a deployment: its policy, and the grants of the roles that need it.

`ResourceOptions.key_arn` names the key. Services that call KMS for a role (DynamoDB, SQS, S3, Secrets
Manager) use the role's own permission. Services that act for themselves (CloudWatch, Budgets, EventBridge)
need the key's policy, which `EncryptionKey` writes.
"""

from __future__ import annotations

from typing import Literal

from aws_cdk import Aws, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from .options import ResourceOptions

Service = Literal["dynamodb", "s3", "secretsmanager", "sqs"]

_READ = ("kms:Decrypt", "kms:DescribeKey")
_WRITE = (*_READ, "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo")
_NOTIFY = ("kms:Decrypt", "kms:GenerateDataKey*")
_LOG = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:DescribeKey")


class EncryptionKey(Construct):
    """A key with the policy that a deployment needs. KMS rotates it every year.

        key = EncryptionKey(self, "Key")
        Statusbeam(self, "Status", resources=ResourceOptions(key_arn=key.key_arn))

    The key outlives the stack, because without it all encrypted data would be lost.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        key = kms.Key(
            self,
            "Key",
            description="Encrypts what Statusbeam stores",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.RETAIN,
        )
        # Alarms and budgets notify a topic, and rules fill dead-letter queues.
        own_account = {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        for service in ("budgets", "cloudwatch", "events"):
            _allow(key, service=service, actions=_NOTIFY, condition=own_account)
        stack = Stack.of(self)
        _allow(
            key,
            service=f"logs.{stack.region}",
            actions=_LOG,
            condition={
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": stack.format_arn(service="logs", resource="*")
                }
            },
        )
        self.key_arn = key.key_arn


def customer_key(
    scope: Construct, resources: ResourceOptions, construct_id: str = "CustomerKey"
) -> kms.IKey | None:
    """A reference to the deployment's key. None: the resources use AWS's own keys."""
    if resources.key_arn is None:
        return None
    return kms.Key.from_key_arn(scope, construct_id, resources.key_arn)


def grant_decrypt(grantee: iam.IGrantable, key_arn: str | None, *, service: Service) -> None:
    """Allow reading the key's data, through `service` only. Grants nothing without a key."""
    _grant(grantee, key_arn, service, _READ)


def grant_encrypt_decrypt(grantee: iam.IGrantable, key_arn: str | None, *, service: Service) -> None:
    """Allow reading and writing the key's data, through `service` only."""
    _grant(grantee, key_arn, service, _WRITE)


def _grant(grantee: iam.IGrantable, key_arn: str | None, service: Service, actions: tuple[str, ...]) -> None:
    if key_arn is None:
        return
    via = {"StringEquals": {"kms:ViaService": f"{service}.{Aws.REGION}.{Aws.URL_SUFFIX}"}}
    iam.Grant.add_to_principal(
        grantee=grantee, actions=list(actions), resource_arns=[key_arn], conditions=via
    )


def _allow(
    key: kms.Key, *, service: str, actions: tuple[str, ...], condition: dict[str, dict[str, str]]
) -> None:
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
            actions=list(actions),
            resources=["*"],  # in a key's policy, * means this key
            conditions=condition,
        )
    )
