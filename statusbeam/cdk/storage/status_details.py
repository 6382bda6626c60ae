"""The bucket of metadata that is too big for the log, and the function that reads one object of it."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from statusbeam.model.settings import DetailSettings

from ..bundling import LOG, build_bundle, function_sources
from ..compliance import accept, accept_wildcard
from ..encryption import customer_key, grant_decrypt, grant_encrypt_decrypt
from ..options import ResourceOptions
from ..python_function import PythonFunction, grant_invoke

_ACCESS_LOG_DAYS = 90
_LOG_BY_BUCKET_POLICY = "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy"
"""A feature flag of CDK, which apps may have turned off."""


class StatusDetails(Construct):
    """The publisher writes to `bucket_name`, and the API invokes `reader`, whose role is `role`. S3 deletes a
    detail after `days`."""

    def __init__(self, scope: Construct, construct_id: str, *, resources: ResourceOptions, days: int) -> None:
        super().__init__(scope, construct_id)
        # Without it, CDK lets S3 deliver the access log by an ACL, which these buckets refuse.
        self.node.set_context(_LOG_BY_BUCKET_POLICY, True)
        self._resources = resources
        key = customer_key(self, resources)
        self._bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=key,
            bucket_key_enabled=True if key else None,
            server_access_logs_bucket=self._access_log() if resources.access_logs else None,
            enforce_ssl=not resources.emulated,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            # As long as the log entries that name the objects are kept.
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=Duration.days(days),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
            removal_policy=resources.removal_policy,
        )
        if not resources.access_logs:
            reason = "access_logs is off. One function writes, one reads, both by key."
            accept(self._bucket, rule="AwsSolutions-S1", reason=reason)
        if resources.emulated:
            reason = "The emulator speaks plain HTTP, on the loopback interface only."
            accept(self._bucket, rule="AwsSolutions-S10", reason=reason)
        self.bucket_name = self._bucket.bucket_name
        function = PythonFunction(
            self,
            "Reader",
            bundle=build_bundle(sources=(*function_sources("status_detail"), *LOG)),
            handler="lambdas.status_detail.handler.handler",
            environment=DetailSettings(detail_bucket=self.bucket_name).to_env(),
            resources=resources,
            timeout=Duration.seconds(8),  # AppSync waits 10 s
        )
        self.reader = function.function
        self.role = function.role

    def _access_log(self) -> s3.Bucket:
        log = s3.Bucket(
            self,
            "AccessLog",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,  # S3 delivers access logs to no other buckets
            enforce_ssl=not self._resources.emulated,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(_ACCESS_LOG_DAYS))],
            removal_policy=self._resources.removal_policy,
        )
        accept(log, rule="AwsSolutions-S1", reason="This bucket holds the access log.")
        return log

    def grant_put(self, role: iam.Role) -> None:
        """Allow storing details, and neither reading nor listing them."""
        self._grant(role, "s3:PutObject")
        grant_encrypt_decrypt(role, self._resources.key_arn, service="s3")

    def grant_get(self, role: iam.Role) -> None:
        """Allow reading a detail by its key."""
        self._grant(role, "s3:GetObject")
        grant_decrypt(role, self._resources.key_arn, service="s3")

    def grant_read(self, grantee: iam.IGrantable) -> None:
        """Allow invoking the reader."""
        grant_invoke(grantee, self.reader)

    def _grant(self, role: iam.Role, action: str) -> None:
        objects = self._bucket.arn_for_objects("*")
        iam.Grant.add_to_principal(grantee=role, actions=[action], resource_arns=[objects])
        reason = (
            "Keys consist of digests, so there is no prefix to grant. The grant is one action on objects."
        )
        accept_wildcard(role, resource=objects, reason=reason)
