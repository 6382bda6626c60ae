"""The code in docs/how-to/web.md, "With plain Amplify", works, and misses the documented statuses."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from statusbeam.localcloud.outputs import DemoUser
from tests.browser.fault_board import FaultBoard
from tests.e2e.cloud import Cloud, fresh_id, status
from tests.e2e.node_client import CLIENTS, NodeClient, require_clients

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "web.md"
HARNESS = """
import { Hub as Events } from 'aws-amplify/utils';
import { text } from 'node:stream/consumers';
const { url, region, userId, jobId, viewToken, timeoutMs } = JSON.parse(await text(process.stdin));
const say = (event, sequences) => console.log(JSON.stringify({ event, sequences }));
Events.listen('api', ({ payload }) => payload.event === 'Subscription ack' && say('ack'));
setTimeout(() => process.exit(1), timeoutMs);
"""
PLAIN = "const take = ({ sequence }) => say('pushed', [sequence]);\n"
FULLER = "const show = (updates) => say('shown', updates.map(({ sequence }) => sequence));\n"


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


def recipes() -> list[str]:
    """The code of the section, block by block."""
    _, section = PAGE.read_text(encoding="utf-8").split("## With plain Amplify\n")
    section, *_ = section.split("\n## ")
    return re.findall(r"```js\n(.*?)```", section, re.DOTALL)


class Follower:
    """A job of `user`, and a script that follows it."""

    def __init__(self, cloud: Cloud, user: DemoUser, folder: Path, script: str) -> None:
        require_clients()
        (folder / "node_modules").symlink_to(CLIENTS / "node_modules")
        (folder / "recipe.mjs").write_text(HARNESS + script, encoding="utf-8")
        self._cloud, self._user, self._job_id = cloud, user, fresh_id("job")
        config = {
            "url": cloud.outputs.graphql_url,
            "region": cloud.outputs.region,
            "userId": user.user_id,
            "jobId": self._job_id,
            "viewToken": cloud.view_token(user.user_id, user.tenant_id, job_ids=[self._job_id]),
        }
        self.tell("one")
        environment = {"PATH": os.environ["PATH"], "NODE_EXTRA_CA_CERTS": cloud.outputs.ca_certificate}
        self.client = NodeClient(str(folder / "recipe.mjs"), config, environment=environment)

    def tell(self, message: str) -> None:
        """One more status of the job."""
        self._cloud.publish(status(self._job_id, self._user.user_id, self._user.tenant_id, message))

    def until_shown(self, *sequences: int) -> None:
        """Wait until exactly these are shown."""
        while self.client.until("shown")["sequences"] != list(sequences):
            pass


def test_plain_amplify_misses_statuses_before_it_connects_and_while_it_is_disconnected(
    cloud: Cloud, user: DemoUser, faults: FaultBoard, tmp_path: Path
) -> None:
    plain, _ = recipes()
    follower = Follower(cloud, user, tmp_path, PLAIN + plain)
    with follower.client as client:
        client.until("ack")
        follower.tell("two")
        client.until("pushed")
        faults.close_sockets()
        follower.tell("three")
        client.until("ack")
        follower.tell("four")
        client.until("pushed")
        pushed = [event["sequences"] for event in client.events if event["event"] == "pushed"]
    assert pushed == [[2], [4]]


def test_with_the_least_to_add_it_shows_all_of_it(
    cloud: Cloud, user: DemoUser, faults: FaultBoard, tmp_path: Path
) -> None:
    follower = Follower(cloud, user, tmp_path, FULLER + "\n".join(recipes()))
    with follower.client:
        follower.until_shown(1)
        follower.tell("two")
        follower.until_shown(1, 2)
        faults.close_sockets()
        follower.tell("three")
        follower.until_shown(1, 2, 3)
        faults.switch(drop=1)
        follower.tell("four")
        faults.reset()
        follower.tell("five")
        follower.until_shown(1, 2, 3, 4, 5)
