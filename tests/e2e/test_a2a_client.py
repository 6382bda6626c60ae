"""A job is followed as a task by A2A's own JavaScript client, over JSON-RPC and over REST.

tests/unit/statusbeam/bridge/routes/test_agent_tasks.py does the same with the Python client.
"""

from __future__ import annotations

import pytest
from a2a.types.a2a_pb2 import TaskState

from tests.e2e.in_memory_bridge import bridge_of
from tests.e2e.node_client import script
from tests.unit.statusbeam.bridge.samples import Log


@pytest.mark.parametrize(("binding", "kind"), [("JSONRPC", "JsonRpc"), ("HTTP+JSON", "Rest")])
@pytest.mark.parametrize(
    ("word", "end"),
    [
        ("complete", TaskState.TASK_STATE_COMPLETED),
        ("error", TaskState.TASK_STATE_FAILED),
        ("cancelled", TaskState.TASK_STATE_CANCELED),
    ],
)
async def test_a_task_is_followed_to_its_end(binding: str, kind: str, word: str, end: TaskState) -> None:
    log = Log()
    log.say("agent_invoking")
    async with bridge_of(log) as url:
        config = {"url": url, "headers": {"authorization": "Bearer ana"}, "taskId": "job-1"}
        async with script("a2a.mjs", **config, binding=binding) as lines:
            refused = await anext(lines)
            first = await anext(lines)
            log.say("calling_tool", "agent_complete")
            log.end(word)
            updates = [await anext(lines) for _ in range(3)]
            after = await anext(lines)
    unsupported = f"{kind}UnsupportedOperationError"
    assert refused == {"unknown": f"{kind}TaskNotFoundError", "cancel": unsupported}
    assert first == {"kind": "task", "state": TaskState.TASK_STATE_WORKING, "sequence": "1"}
    states = [TaskState.TASK_STATE_WORKING, TaskState.TASK_STATE_WORKING, end]
    assert updates == [
        {"kind": "statusUpdate", "state": state, "sequence": str(number)}
        for number, state in enumerate(states, start=2)
    ]
    assert after == {"id": "job-1", "state": end, "listed": ["job-1"], "again": unsupported}


@pytest.mark.parametrize(("binding", "kind"), [("JSONRPC", "JsonRpc"), ("HTTP+JSON", "Rest")])
async def test_a_job_that_is_run_again_is_followed_as_its_next_task(binding: str, kind: str) -> None:
    log = Log()
    for number in (1, 2):
        run = {"run": f"p.{number}", "opened": number}
        log.say("loading_agents", agentName=None, metadata=run)
        if number == 1:
            log.end("error", metadata=run)
    async with bridge_of(log) as url:
        config = {"url": url, "headers": {"authorization": "Bearer ana"}, "binding": binding}
        async with script("a2a.mjs", **config, taskId="job-1~2") as lines:
            await anext(lines)
            first = await anext(lines)
            log.end(metadata=run)
            update = await anext(lines)
            after = await anext(lines)
        async with script("a2a.mjs", **config, taskId="job-1") as lines:
            refused = await anext(lines)
    assert first == {"kind": "task", "state": TaskState.TASK_STATE_SUBMITTED, "sequence": "3"}
    completed = TaskState.TASK_STATE_COMPLETED
    assert update == {"kind": "statusUpdate", "state": completed, "sequence": "4"}
    unsupported = f"{kind}UnsupportedOperationError"
    assert after == {
        "id": "job-1~2",
        "state": completed,
        "listed": ["job-1~2", "job-1"],
        "again": unsupported,
    }
    assert refused == {
        "unknown": f"{kind}TaskNotFoundError",
        "cancel": f"{kind}TaskNotCancelableError",
    }
