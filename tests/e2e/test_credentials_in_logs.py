"""No credential is written to a log, whatever way it came and whether it was good. The fixture `cloud` looks
once more when all tests are through, for every credential that any of them used."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import urllib.request
import uuid
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import pytest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.e2e.appsync_socket import connected
from tests.e2e.callers import Caller, IamCaller, TokenCaller
from tests.e2e.cloud import Cloud, HttpRefusalError, fresh_id, status
from tests.e2e.waiting import DEADLINE_SECONDS
from tests.e2e.written_logs import SHORTEST, found_in_logs, written

WATCH = "subscription($userId: ID!) { onStatusUpdate(userId: $userId) { message } }"
QUERY = 'query { getJob(jobId: "job-1") { sequence } }'


def in_the_address(cloud: Cloud, caller: Caller) -> dict[str, Any]:
    """Connect with the authorization in the URL, as older clients do; the first answer."""
    claims = json.dumps(caller.authorization(cloud.host, "/graphql/connect", "{}")).encode()
    header = quote(base64.b64encode(claims).decode())
    url = f"{cloud.outputs.realtime_url}?header={header}&payload=e30="
    with connect(url, subprotocols=[Subprotocol("graphql-ws")]) as socket:
        socket.send(json.dumps({"type": "connection_init"}))
        answer: dict[str, Any] = json.loads(socket.recv(timeout=DEADLINE_SECONDS))
        return answer


def use(cloud: Cloud, caller: Caller, user_id: str) -> None:
    """Ask over HTTP, in a socket's address and in its subprotocol, and make a mess of each."""
    for query in (QUERY, "query { nonsense }", "mutation { syncSession(input: {}) { expiresAt } }"):
        try:
            cloud.graphql(caller, query)
        except HttpRefusalError:
            break
    if in_the_address(cloud, caller)["type"] == "connection_ack":
        with connected(cloud.outputs.realtime_url, cloud.host, caller) as socket:
            socket.start(WATCH, {"userId": user_id})
            socket.start(WATCH, {"userId": f"{user_id}#"})
            socket.start("subscription { nonsense }", {})


@pytest.fixture
def callers(cloud: Cloud, iam_reader: IamCaller) -> dict[str, tuple[Caller, str]]:
    """Everybody, with good credentials and with bad ones; the credentials are all known to `cloud`."""
    user = cloud.user(tenant=0)
    tokens = cloud.sign_in(user)
    broken = f"{tokens.access[:-6]}{'x' * 6}"
    stale = cloud.view_token(user.user_id, user.tenant_id, now=lambda: 1_700_000_000)
    view = cloud.view_token(user.user_id, user.tenant_id)
    cloud.credentials[broken] = "a broken token"
    return {
        "API key": (cloud.key_caller, fresh_id("guest")),
        "access token": (TokenCaller(tokens.access), user.user_id),
        "ID token": (TokenCaller(f"Bearer {tokens.id}"), user.user_id),
        "view token": (TokenCaller(view), user.user_id),
        "IAM": (iam_reader, fresh_id("guest")),
        "broken token": (TokenCaller(broken), user.user_id),
        "stale view token": (TokenCaller(stale), user.user_id),
        "view token without its prefix": (TokenCaller(view.partition(".")[2]), user.user_id),
    }


def test_no_credential_is_in_any_log(cloud: Cloud, callers: dict[str, tuple[Caller, str]]) -> None:
    for caller, user_id in callers.values():
        use(cloud, caller, user_id)
    user = cloud.user(tenant=0)
    cloud.publish(status(fresh_id("job"), user.user_id, user.tenant_id, "hello"))
    assert found_in_logs(cloud) == []


def test_the_search_finds_what_it_looks_for(cloud: Cloud) -> None:
    names = [name for name, text in written(cloud) if text]
    assert {"localcloud.log", "emulator.log", "cdk.log"} <= set(names)
    assert any("StatusPublisher" in name for name in names)
    assert any("Authorizer" in name for name in names)
    markers = {fresh_id("marker"): "a marker", uuid.uuid4().hex[:SHORTEST]: "a short one"}
    for marker in markers:  # nobody watches them: the publisher says so
        cloud.publish(status(marker, "somebody", "elsewhere", "hello"))
    with patch.dict(cloud.credentials, markers):
        found = " ".join(found_in_logs(cloud))
    assert all(kind in found for kind in markers.values())


def test_commands_print_no_secret_but_the_one_they_are_asked_for(cloud: Cloud) -> None:
    door = "import sys; from statusbeam.cli.main import main; sys.exit(main())"
    where = ["--state-dir", str(cloud.state.root)]
    who = ["--user", "ana", "--tenant", "city"]
    shown = ""
    for command in (["local", "status"], ["local", "env"], ["end-sessions", *who], ["token", *who]):
        done = subprocess.run(
            [sys.executable, "-c", door, *command, *where], capture_output=True, text=True, check=True
        )
        shown += done.stderr + ("" if command[0] == "token" else done.stdout)
    assert not [kind for secret, kind in cloud.credentials.items() if secret in shown]
    assert "sbv1." not in shown


def test_the_page_gets_its_configuration_without_keys_of_the_machine(cloud: Cloud) -> None:
    with urllib.request.urlopen(f"{cloud.outputs.dashboard_url}config.json") as answer:
        text = answer.read().decode()
    assert cloud.outputs.api_key not in text
    assert "secret" not in text.lower()
