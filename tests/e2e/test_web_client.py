"""@statusbeam/client follows jobs of the real API in each of its modes, with any failure of pushes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from statusbeam.localcloud.outputs import DemoUser
from statusbeam.model.settings import PUBLIC_TENANT
from tests.browser.fault_board import FaultBoard
from tests.e2e.cloud import Cloud, fresh_id, status
from tests.e2e.node_client import Event, NodeClient

SCRIPT = str(Path(__file__).parent / "clients" / "statusbeam.ts")
Config = dict[str, Any]


@pytest.fixture
def faults(cloud: Cloud) -> Iterator[FaultBoard]:
    """The faults of localcloud, off again after the test."""
    board = FaultBoard(cloud.outputs.dashboard_url)
    yield board
    board.reset()


@pytest.fixture
def user(cloud: Cloud) -> DemoUser:
    """A user for one test."""
    return cloud.user(tenant=0)


def follow(cloud: Cloud, job_id: str, auth: Config) -> NodeClient:
    config = {"url": cloud.outputs.graphql_url, "jobId": job_id, "auth": auth}
    return NodeClient(SCRIPT, config, environment={"PATH": os.environ["PATH"]})


def state_where(client: NodeClient, is_it: Callable[[Event], bool]) -> Event:
    """The next state that is as wanted."""
    while not is_it(state := client.until("state")):
        pass
    return state


def is_whole(count: int) -> Callable[[Event], bool]:
    return lambda state: state["verdict"] == "whole" and state["sequences"] == list(range(1, count + 1))


def ended(client: NodeClient, count: int) -> Event:
    """The whole job, once it has ended, and the end of the client."""
    state = state_where(
        client, lambda state: is_whole(count)(state) and state["overallStatus"] == "completed"
    )
    client.finish()
    return state


@pytest.mark.parametrize("mode", ["apiKey", "cognito", "viewToken"])
def test_a_job_is_followed_from_its_log_to_its_end(cloud: Cloud, user: DemoUser, mode: str) -> None:
    job_id = fresh_id("job")
    user_id, tenant_id = (user.user_id, user.tenant_id) if mode != "apiKey" else ("walk-in", PUBLIC_TENANT)
    auths: dict[str, Callable[[], Config]] = {
        "apiKey": lambda: {"key": cloud.outputs.api_key, "userId": user_id},
        "cognito": lambda: {"tokens": [cloud.sign_in(user).id], "userClaim": "cognito:username"},
        "viewToken": lambda: {"tokens": [cloud.view_token(user_id, tenant_id, job_ids=[job_id])]},
    }
    cloud.publish(status(job_id, user_id, tenant_id, "one"))
    with follow(cloud, job_id, {"type": mode, **auths[mode]()}) as client:
        state_where(client, is_whole(1))
        cloud.publish(*(status(job_id, user_id, tenant_id, message) for message in ("two", "three")))
        cloud.publish(status(job_id, user_id, tenant_id, "end", status="complete", agentName=None))
        state = ended(client, 4)
    assert (state["recovery"]["duplicates"], state["recovery"]["reconnects"]) == (0, 0)
    assert state["job"]["liveness"] == "ended"


def test_lost_doubled_and_cut_off_pushes_are_recovered(
    cloud: Cloud, user: DemoUser, faults: FaultBoard
) -> None:
    job_id = fresh_id("job")

    def tell(message: str, **more: Any) -> None:
        cloud.publish(status(job_id, user.user_id, user.tenant_id, message, **more))

    tell("one")
    faults.switch(dropAfterStartAck=1, duplicate=1.0)
    with follow(
        cloud,
        job_id,
        {"type": "cognito", "userClaim": "cognito:username", "tokens": [cloud.sign_in(user).id]},
    ) as client:
        state_where(client, is_whole(1))
        tell("two")  # lost right after start_ack
        tell("three")
        assert state_where(client, is_whole(3))["recovery"]["lost"] >= 1
        faults.close_sockets()
        state_where(client, lambda state: state["connection"] == "reconnecting")
        tell("four")
        assert state_where(client, is_whole(4))["recovery"]["reconnects"] == 1
        faults.reset()
        tell("end", status="complete", agentName=None)
        ended(client, 5)


def test_a_token_that_ran_out_is_renewed(cloud: Cloud, user: DemoUser) -> None:
    job_id = fresh_id("job")
    now = time.time() - 3_600
    old = cloud.view_token(user.user_id, user.tenant_id, job_ids=[job_id], ttl=60, now=lambda: now)
    new = cloud.view_token(user.user_id, user.tenant_id, job_ids=[job_id])
    cloud.publish(status(job_id, user.user_id, user.tenant_id, "end", status="complete", agentName=None))
    with follow(cloud, job_id, {"type": "viewToken", "tokens": [old, new]}) as client:
        ended(client, 1)
