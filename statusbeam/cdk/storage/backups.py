"""Copies of the table of jobs, by AWS Backup."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_backup as backup
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from ..compliance import accept
from ..encryption import customer_key
from ..options import ResourceOptions

_SERVICE_POLICY = "service-role/AWSBackupServiceRolePolicyForBackup"
# At night in Europe, before the day begins in America.
_EVERY_NIGHT = events.Schedule.cron(hour="3", minute="0")


class Backups(Construct):
    """Copies `table` every night. Sessions are not copied: they last for minutes."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        resources: ResourceOptions,
        days: int,
        table: dynamodb.ITable,
    ) -> None:
        super().__init__(scope, construct_id)
        vault = backup.BackupVault(
            self,
            "Vault",
            encryption_key=customer_key(self, resources),
            removal_policy=resources.removal_policy,
        )
        plan = backup.BackupPlan(self, "Plan", backup_vault=vault)
        plan.add_rule(
            backup.BackupPlanRule(schedule_expression=_EVERY_NIGHT, delete_after=Duration.days(days))
        )
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("backup.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(_SERVICE_POLICY)],
        )
        accept(
            role,
            rule=f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{_SERVICE_POLICY}]",
            reason="AWS Backup's own policy changes with the service; AWS keeps it up to date.",
        )
        plan.add_selection("Jobs", resources=[backup.BackupResource.from_dynamo_db_table(table)], role=role)
