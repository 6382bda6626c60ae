"""A2A 1.0: a job is a task, each status is an update of it.

| job | task |
|---|---|
| initializing · processing | SUBMITTED · WORKING |
| completed · failed · cancelled | COMPLETED · FAILED · CANCELED |

The task's id is the job's, its context the session. The sequence is text: metadata has no whole numbers.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from a2a.types.a2a_pb2 import Message, Part, Role, Task, TaskState, TaskStatus, TaskStatusUpdateEvent
from google.protobuf.timestamp_pb2 import Timestamp

from statusbeam.log.snapshot.agent_state import without_none
from statusbeam.log.snapshot.job_state import Head, Job
from statusbeam.model.update import StatusUpdate

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
    task = Task(id=head.job_id, context_id=head.session_id or head.job_id, status=status)
    task.metadata.update({"cursor": str(Cursor.of(head)), "sequence": str(head.sequence)})
    return task


def update_of(step: Step) -> TaskStatusUpdateEvent:
    """One status as an update of its task."""
    update, head = step.update, step.after.head
    moment = Timestamp()
    moment.FromDatetime(datetime.fromisoformat(update.timestamp))
    status = TaskStatus(state=state_of(head), timestamp=moment, message=_message(update, head))
    event = TaskStatusUpdateEvent(
        task_id=head.job_id, context_id=head.session_id or head.job_id, status=status
    )
    event.metadata.update(
        without_none(
            {
                "cursor": str(Cursor.of(head)),
                "sequence": str(head.sequence),
                "status": update.status,
                "agentName": update.agent_name,
                "invocationId": update.invocation_id,
            }
        )
    )
    return event


def state_of(head: Head) -> TaskState:
    """The task's state."""
    return _STATES[head.overall_status]


def _message(update: StatusUpdate, head: Head) -> Message:
    return Message(
        message_id=update.event_id,
        task_id=head.job_id,
        context_id=head.session_id or head.job_id,
        role=Role.ROLE_AGENT,
        parts=[Part(text=update.message)],
    )
