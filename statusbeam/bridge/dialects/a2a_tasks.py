"""A2A 1.0: a job is a task, each status is an update of it.

| job | task |
|---|---|
| initializing · processing | SUBMITTED · WORKING |
| waiting, the job or an agent of it | INPUT_REQUIRED, with what it waits for as the message |
| completed · failed · cancelled | COMPLETED · FAILED · CANCELED |

The ids of task and context are the job's. The session is in the metadata: it may become known later, and the
context of a task may not change. The sequence is text: metadata has no whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from a2a.types.a2a_pb2 import Message, Part, Role, Task, TaskState, TaskStatus, TaskStatusUpdateEvent
from google.protobuf.timestamp_pb2 import Timestamp

from statusbeam.log.snapshot.agent_state import without_none
from statusbeam.log.snapshot.job_state import Head, Job

from ..tail.cursor import Cursor
from ..tail.events import Step

_STATES: Final = {
    "initializing": TaskState.TASK_STATE_SUBMITTED,
    "processing": TaskState.TASK_STATE_WORKING,
    "completed": TaskState.TASK_STATE_COMPLETED,
    "failed": TaskState.TASK_STATE_FAILED,
    "cancelled": TaskState.TASK_STATE_CANCELED,
}


def task_of(job: Job) -> Task:
    """The job as a task."""
    head = job.head
    status = TaskStatus(state=state_of(head))
    if head.updated_ms is not None:
        status.timestamp.FromMilliseconds(head.updated_ms)
    waiting = head.view()["waiting"]
    if waiting is not None:
        status.message.CopyFrom(_message(head, f"{head.job_id}@{waiting['since']}", _question(waiting)))
    task = Task(id=head.job_id, context_id=head.job_id, status=status)
    task.metadata.update(_position(head))
    return task


def update_of(step: Step) -> TaskStatusUpdateEvent:
    """One status as an update of its task."""
    update, head = step.update, step.after.head
    moment = Timestamp()
    moment.FromDatetime(datetime.fromisoformat(update.timestamp))
    message = _message(head, update.event_id, *_texts(step))
    status = TaskStatus(state=state_of(head), timestamp=moment, message=message)
    event = TaskStatusUpdateEvent(task_id=head.job_id, context_id=head.job_id, status=status)
    event.metadata.update(
        without_none(
            {
                **_position(head),
                "status": update.status,
                "agentName": update.agent_name,
                "invocationId": update.invocation_id,
            }
        )
    )
    return event


def state_of(head: Head) -> TaskState:
    """The task's state."""
    return TaskState.TASK_STATE_INPUT_REQUIRED if head.waits else _STATES[head.overall_status]


def _texts(step: Step) -> list[str]:
    """The status's own text, and what the job waits for: the update replaces the task's message."""
    text, waiting = step.update.message, step.after.head.view()["waiting"]
    question = "" if waiting is None else _question(waiting)
    return [text] if question.removesuffix("…") in text else [text, question]


def _question(waiting: Mapping[str, Any]) -> str:
    return str(waiting["prompt"] or f"Waiting for {waiting['for']}")


def _position(head: Head) -> dict[str, str]:
    position = {"cursor": str(Cursor.of(head)), "sequence": str(head.sequence)}
    return {**position, "sessionId": head.session_id} if head.session_id else position


def _message(head: Head, message_id: str, *texts: str) -> Message:
    return Message(
        message_id=message_id,
        task_id=head.job_id,
        context_id=head.job_id,
        role=Role.ROLE_AGENT,
        parts=[Part(text=text) for text in texts],
    )
