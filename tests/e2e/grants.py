"""Removes a grant of a deployed function, and waits until the publisher is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from statusbeam.localcloud.appsync.graphql.directives import IAM_DECISION_SECONDS
from statusbeam.model.settings import PUBLIC_TENANT
from tests.e2e.cloud import Cloud, PublishError, Update, fresh_id, status
from tests.e2e.waiting import wait_for

WATCH_PUBLIC = """
mutation { syncSession(input: {connectionId: "probe", action: open}) { expiresAt } }
"""
"""With a session that watches the tenant `public`, the probes are pushed."""


@contextmanager
def without_grant(cloud: Cloud, function_arn: str, action: str) -> Iterator[None]:
    """The function's role without `action` in any of its inline policies, until the end of the block."""
    iam = cloud.aws("iam")
    role = (
        cloud.aws("lambda").get_function_configuration(FunctionName=function_arn)["Role"].rsplit("/", 1)[-1]
    )
    taken = {}
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        rest = _without(document, action)
        if rest != document:
            taken[name] = document
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(rest))
    assert taken, f"no inline policy of {role} grants {action}"
    try:
        yield
    finally:
        for name, document in taken.items():
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def _without(document: dict[str, Any], action: str) -> dict[str, Any]:
    statements = []
    for statement in document["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        left = [granted for granted in actions if granted != action]
        if left:
            statements.append({**statement, "Action": left})
    return {**document, "Statement": statements}


def publish_until(cloud: Cloud, *, accepted: bool) -> None:
    """Publish other statuses until the publisher succeeds, or fails.

    AppSync keeps an IAM decision for some seconds; without the grant the emulator's DynamoDB refuses at once.
    """
    job, change = fresh_id("job"), "getting through" if accepted else "being refused"
    wait_for(
        f"the publisher's {change}",
        lambda: _goes_through(cloud, status(job, "probe", PUBLIC_TENANT, "probe")) is accepted,
        cached_seconds=IAM_DECISION_SECONDS,
    )


def _goes_through(cloud: Cloud, update: Update) -> bool:
    try:
        cloud.publish(update)
    except PublishError:
        return False
    return True
