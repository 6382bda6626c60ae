"""The bridge's tasks, checked by a2a-proof: a foreign black-box client with contracts.

Its scenarios begin with a message to the agent. The bridge shows jobs that begin elsewhere. Therefore the
messages in JOBS are not sent: the job begins in the log, and the tool reads its task. All else is the tool's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx
import pytest
import yaml
from a2a.client.client import ClientConfig
from a2a.client.client_factory import ClientFactory
from a2a.client.interceptors import AfterArgs, BeforeArgs, ClientCallInterceptor
from a2a.utils.errors import TaskNotFoundError
from a2a_proof.a2a import A2ASession, discover_agent
from a2a_proof.config import load_config
from a2a_proof.models import AgentConfig, ScenarioResult
from a2a_proof.protocol import TurnOutcome
from a2a_proof.runner import run_with_sender

from tests.e2e.cloud import Cloud
from tests.e2e.in_memory_bridge import bridge_of
from tests.e2e.node_client import CLIENTS
from tests.e2e.waiting import DEADLINE_SECONDS, POLL_SECONDS
from tests.unit.statusbeam.bridge.samples import Log

CONTRACT = CLIENTS / "a2a-proof.yml"
BASELINE = CLIENTS / "a2a-proof-failures.yml"
WORKFLOW_CONTRACT = CLIENTS / "a2a-proof-workflow.yml"

Status = Mapping[str, Any]


def of_agent(word: str, message: str, **more: Any) -> Status:
    return {"status": word, "message": message, **more}


def of_job(word: str, message: str = "Done", **more: Any) -> Status:
    return {"status": word, "message": message, "agentName": None, **more}


INVOKING = of_agent("agent_invoking", "Look at the map")
CALLING = of_agent("calling_tool", "Call the map")
ASKING = of_agent("waiting", "Ask", metadata={"waiting": {"for": "approval", "prompt": "May I?"}})
COMPLETE = of_job("complete")

JOBS: Mapping[str, tuple[Sequence[Status], Sequence[Status]]] = {
    # message of the contract: the statuses before the tool gets the task, and those after it has subscribed
    "start a job that completes": (
        [INVOKING],
        [CALLING, of_agent("agent_complete", "The street is found"), COMPLETE],
    ),
    "start a job that fails": ([INVOKING], [CALLING, of_job("error", "The map is unreachable")]),
    "start a job that somebody cancels": ([INVOKING], [CALLING, of_job("cancelled", "Stopped")]),
    "start a job that waits for a person": ([INVOKING, ASKING], [CALLING, COMPLETE]),
    "start a job that asks later": ([INVOKING], [ASKING, CALLING, COMPLETE]),
    "start a job whose session is known later": (
        [INVOKING],
        [of_job("validating", "Check the request", metadata={"sessionId": "session-1"}), COMPLETE],
    ),
    "start a job with many statuses": (
        [INVOKING],
        [*(of_agent("calling_tool", f"Call {number}") for number in range(1, 301)), COMPLETE],
    ),
    "start a job that has ended": ([INVOKING, COMPLETE], []),
    "start another job that has ended": ([INVOKING, COMPLETE], []),
    "start a job that waits for an answer": ([INVOKING, ASKING], []),
    "start a job that goes on": ([INVOKING], []),
}


class Jobs(ClientCallInterceptor):
    """Starts the contract's jobs. Each goes on once the tool has the first event of its subscription."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._then: Sequence[Status] = ()

    async def send_turn(self, session: A2ASession, text: str | None, **request: Any) -> TurnOutcome:
        """The task of a new job if `text` names one; else what the agent answers to the message."""
        if text is None or text not in JOBS:
            return await session.send_turn(text, **request)
        job_id = text.removeprefix("start ").replace(" ", "-")
        first, then = ([{"jobId": job_id, **status} for status in part] for part in JOBS[text])
        self._log.write(*first)
        self._then = then
        return await session.get_task(task_id=job_id, context_id=request["context_id"])

    async def before(self, args: BeforeArgs) -> None:
        """Nothing to do before a call."""

    async def after(self, args: AfterArgs) -> None:
        """Let the job go on, once."""
        if args.method == "subscribe" and self._then:
            then, self._then = self._then, ()
            self._log.write(*then)


@asynccontextmanager
async def connected(agent: AgentConfig, *interceptors: ClientCallInterceptor) -> AsyncIterator[A2ASession]:
    """The tool's session. Its own `connect` does the same, and leaves its connections open (0.16.0)."""
    card = await discover_agent(agent)
    async with httpx.AsyncClient(headers=agent.headers, timeout=agent.timeout) as http:
        client, lifecycle_client = (
            ClientFactory(
                ClientConfig(
                    httpx_client=http, streaming=streaming, supported_protocol_bindings=[agent.transport]
                )
            ).create(card, interceptors=list(interceptors))
            for streaming in (True, False)
        )
        yield A2ASession(client, card, agent.timeout, agent.headers, lifecycle_client=lifecycle_client)


def error_of(scenario: ScenarioResult) -> str:
    """The type of the error that ended a scenario, or what did not hold in its last turn."""
    (trial,) = scenario.trials
    return (trial.error or "; ".join(trial.turns[-1].failures)).partition(": ")[0]


@pytest.mark.parametrize("transport", ["JSONRPC", "HTTP+JSON"])
async def test_a2a_proof_finds_the_expected_failures_only(transport: str) -> None:
    log = Log()
    async with bridge_of(log) as url:
        names = {"BRIDGE_URL": url, "BRIDGE_TRANSPORT": transport, "BRIDGE_TOKEN": "ana"}
        config = load_config(CONTRACT, names)
        jobs = Jobs(log)
        async with connected(config.agent, jobs) as session:
            result = await run_with_sender(
                config,
                partial(jobs.send_turn, session),
                cancel_task=session.cancel_task,
                get_task=session.get_task,
                subscribe_task=session.subscribe_task,
                card=session.card,
            )
    assert result.card is not None
    assert result.card.failures == []
    expected = yaml.safe_load(BASELINE.read_text())
    failed = {one.name: error_of(one) for one in result.scenarios if not one.passed}
    assert failed == {name: error for error, found in expected.items() for name in found}


def test_every_expected_failure_has_its_reason() -> None:
    entries = [line for line in BASELINE.read_text().splitlines() if line.startswith("  - ")]
    assert entries
    assert [line for line in entries if " # " not in line] == []


async def test_a_workflow_of_a_localcloud_keeps_its_contract(cloud: Cloud) -> None:
    token = cloud.sign_in(cloud.user(tenant=0)).access
    config = load_config(WORKFLOW_CONTRACT, {"BRIDGE_URL": cloud.outputs.bridge_url, "BRIDGE_TOKEN": token})

    async def run_workflow(text: str | None, *, context_id: str, **_: Any) -> TurnOutcome:
        async with httpx.AsyncClient(base_url=cloud.outputs.bridge_url, headers=config.agent.headers) as http:
            started = await http.post("/run-workflow", json={"complaint": text}, timeout=DEADLINE_SECONDS)
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                try:
                    return await session.get_task(task_id=started.json()["session_id"], context_id=context_id)
                except TaskNotFoundError:  # it has no status yet
                    await asyncio.sleep(POLL_SECONDS)

    async with connected(config.agent) as session:
        result = await run_with_sender(
            config,
            run_workflow,
            get_task=session.get_task,
            subscribe_task=session.subscribe_task,
            card=session.card,
            invariant_secrets={"BRIDGE_TOKEN": token},
        )
    assert result.passed, result.scenarios
