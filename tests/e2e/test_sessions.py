"""Without a watcher there is no push: pushes during a session, after its close, and after its expiry."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from statusbeam.localcloud.outputs import DemoUser
from tests.e2e.appsync_socket import connected
from tests.e2e.callers import Caller
from tests.e2e.cloud import Cloud, fresh_id, status
from tests.e2e.waiting import wait_for

WATCH = """
subscription($user: ID!, $job: ID!, $connection: ID!) {
  onStatusUpdate(userId: $user, jobId: $job, connectionId: $connection) { jobId sequence message }
}
"""
SYNC = """
mutation($connection: ID!, $action: SessionAction!, $jobs: [ID!]) {
  syncSession(input: {connectionId: $connection, action: $action, jobIds: $jobs}) {
    expiresAt jobs { jobId sequence }
} }
"""


class Watched:
    """A job of a separate user, and the user's one session."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.user: DemoUser = cloud.new_user(cloud.user(tenant=1).tenant_id)
        self.caller: Caller = cloud.caller(self.user)
        self.job_id, self.connection = fresh_id("job"), fresh_id("connection")
        self.said = 0

    def pushes(self) -> int:
        """Publish a status; how often it was pushed."""
        self.said += 1
        update = status(self.job_id, self.user.user_id, self.user.tenant_id, f"step {self.said}")
        answer = self._cloud.aws("lambda").invoke(
            FunctionName=self._cloud.outputs.publisher_function_arn, Payload=json.dumps(update).encode()
        )
        result = json.loads(answer["Payload"].read())
        assert result["committed"] == 1
        return int(result["pushed"])

    def sync(self, action: str) -> Any:
        variables = {"connection": self.connection, "action": action, "jobs": [self.job_id]}
        answer = self._cloud.graphql(self.caller, SYNC, variables)
        assert "errors" not in answer, answer
        return answer["data"]["syncSession"]

    def let_session_run_out(self) -> None:
        self._cloud.aws("dynamodb").update_item(
            TableName=self._cloud.outputs.user_sessions_table,
            Key={
                "tenant_id": {"S": self.user.tenant_id},
                "sk": {"S": f"{self.user.user_id}#{self.connection}"},
            },
            UpdateExpression="SET #ttl = :past",
            ConditionExpression="attribute_exists(sk)",
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues={":past": {"N": str(int(time.time()) - 1)}},
        )


@pytest.fixture
def watched(cloud: Cloud) -> Watched:
    return Watched(cloud)


def test_a_job_is_pushed_from_its_subscription_on_until_the_session_is_closed(
    cloud: Cloud, watched: Watched
) -> None:
    assert watched.pushes() == 0
    variables = {"user": watched.user.user_id, "job": watched.job_id, "connection": watched.connection}
    with connected(cloud.outputs.realtime_url, cloud.host, watched.caller) as socket:
        assert socket.start(WATCH, variables)["type"] == "start_ack"
        assert watched.pushes() == 1
        socket.until_message("step 2")
        assert [data["onStatusUpdate"]["sequence"] for data in socket.data] == [2]
    state = watched.sync("close")
    assert state == {"expiresAt": 0, "jobs": [{"jobId": watched.job_id, "sequence": 2}]}
    # Who has just left may be pushed to for a moment more.
    wait_for("a status that is not pushed", lambda: watched.pushes() == 0)


@pytest.mark.parametrize("end", ["closed", "run out"])
def test_a_session_lives_from_its_opening_or_extension_until_it_is(watched: Watched, end: str) -> None:
    for action in ("open", "extend"):
        expires_at = watched.sync(action)["expiresAt"]
        assert 0 < expires_at - time.time() <= 900
        assert watched.pushes() == 1
    if end == "closed":
        watched.sync("close")
    else:
        watched.let_session_run_out()
    wait_for("a status that is not pushed", lambda: watched.pushes() == 0)
    watched.sync("extend")  # a client that was taken for gone goes on
    assert watched.pushes() == 1
    assert watched.sync("extend")["jobs"] == [{"jobId": watched.job_id, "sequence": watched.said}]
