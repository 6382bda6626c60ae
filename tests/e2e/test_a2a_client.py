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
