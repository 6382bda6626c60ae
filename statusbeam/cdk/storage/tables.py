"""The two tables: jobs with their logs, and the sessions of connected clients."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from statusbeam.model.settings import SessionsTable as SessionsNames
from statusbeam.model.settings import StatusTable as StatusNames

from ..encryption import customer_key, grant_encrypt_decrypt
from ..options import ResourceOptions
from .backups import Backups


class StatusTable(Construct):
    """Job heads, agent states and status logs (docs/explanation/architecture.md, "Status table")."""

    def __init__(self, scope: Construct, construct_id: str, *, resources: ResourceOptions) -> None:
        super().__init__(scope, construct_id)
        self._resources = resources
        self.table = _table(
            self,
            resources=resources,
            partition_key=StatusNames.PARTITION_KEY,
            sort_key=StatusNames.SORT_KEY,
            ttl_attribute=StatusNames.TTL,
        )
        self.table.add_global_secondary_index(
            index_name=StatusNames.BY_USER,
            partition_key=_text(StatusNames.BY_USER_PARTITION_KEY),
            sort_key=_text(StatusNames.BY_USER_SORT_KEY),
            projection_type=dynamodb.ProjectionType.INCLUDE,
            non_key_attributes=list(StatusNames.BY_USER_PROJECTION),
        )
        self.table.add_global_secondary_index(
            index_name=StatusNames.BY_TENANT,
            partition_key=_text(StatusNames.BY_TENANT_PARTITION_KEY),
            sort_key=_text(StatusNames.BY_TENANT_SORT_KEY),
            projection_type=dynamodb.ProjectionType.INCLUDE,
            non_key_attributes=list(StatusNames.BY_TENANT_PROJECTION),
        )
        if resources.backup_days is not None:
            Backups(self, "Backups", resources=resources, days=resources.backup_days, table=self.table)

    def grant(self, grantee: iam.IGrantable, *actions: str, keys: Sequence[str] = ()) -> None:
        """Allow exactly `actions` on the table itself, not on its indexes, and the use of its key.

        `keys` are patterns of the partition keys that are allowed; empty: all are.
        """
        _grant(grantee, actions, self.table.table_arn, keys)
        grant_encrypt_decrypt(grantee, self._resources.key_arn, service="dynamodb")

    def stream(self) -> str:
        """Turn on the table's stream, with heads before and after each commit. Returns its ARN."""
        resource = self.table.node.default_child
        if not isinstance(resource, dynamodb.CfnTable):
            raise TypeError(f"Table holds a {type(resource).__name__}")
        resource.stream_specification = dynamodb.CfnTable.StreamSpecificationProperty(
            stream_view_type="NEW_AND_OLD_IMAGES"
        )
        return resource.attr_stream_arn

    def grant_list(self, grantee: iam.IGrantable) -> None:
        """Allow listing the jobs of a user and those of a tenant."""
        for index in (StatusNames.BY_USER, StatusNames.BY_TENANT):
            _grant(grantee, ("dynamodb:Query",), f"{self.table.table_arn}/index/{index}")


class UserSessionsTable(Construct):
    """Live connections by tenant and user (docs/explanation/architecture.md, "Sessions")."""

    def __init__(self, scope: Construct, construct_id: str, *, resources: ResourceOptions) -> None:
        super().__init__(scope, construct_id)
        self._resources = resources
        self.table = _table(
            self,
            resources=resources,
            partition_key=SessionsNames.PARTITION_KEY,
            sort_key=SessionsNames.SORT_KEY,
            ttl_attribute=SessionsNames.TTL,
        )

    def grant(self, grantee: iam.IGrantable, *actions: str, keys: Sequence[str] = ()) -> None:
        """Allow exactly `actions` on the table, and the use of its key. `keys` are as for StatusTable."""
        _grant(grantee, actions, self.table.table_arn, keys)
        grant_encrypt_decrypt(grantee, self._resources.key_arn, service="dynamodb")


def _table(
    scope: Construct, *, resources: ResourceOptions, partition_key: str, sort_key: str, ttl_attribute: str
) -> dynamodb.Table:
    key = customer_key(scope, resources)
    return dynamodb.Table(
        scope,
        "Table",
        partition_key=_text(partition_key),
        sort_key=_text(sort_key),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED if key else dynamodb.TableEncryption.AWS_MANAGED,
        encryption_key=key,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        time_to_live_attribute=ttl_attribute,
        removal_policy=resources.removal_policy,
        deletion_protection=resources.deletion_protection,
    )


def _grant(grantee: iam.IGrantable, actions: Sequence[str], arn: str, keys: Sequence[str] = ()) -> None:
    # The table's own grant would add every index, as `index/*`.
    only = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(keys)}} if keys else None
    iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=[arn], conditions=only)


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
