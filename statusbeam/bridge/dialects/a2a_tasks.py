"""A2A 1.0: a job is a task, each status is an update of it. A reopened job is the next task.

| job | task |
|---|---|
| initializing · processing | SUBMITTED · WORKING |
| waiting, the job or an agent of it | INPUT_REQUIRED, with what it waits for as the message |
| completed · failed · cancelled | COMPLETED · FAILED · CANCELED: nothing follows in this task |
| reopened by a newer attempt or a new run | the next task. Its messages refer to the task before it |
| reopened after its lease was over, without an end | the task before: FAILED. Then the next task |

The first task's id is the job's, that of the second is `<job>~2`. The context of all of them is the job. The
session is in the metadata: it may become known later, and the context of a task may not change. The sequence
is text: metadata has no whole numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Self

from a2a.types.a2a_pb2 import Message, Part, Role, Task, TaskState, TaskStatus, TaskStatusUpdateEvent
from google.protobuf.timestamp_pb2 import Timestamp

from statusbeam.log.snapshot.agent_state import without_none
from statusbeam.log.snapshot.job_state import Head
from statusbeam.model.words import OverallStatus

from ..tail.cursor import Cursor
from ..tail.events import Joined, Step, WatchEvent

_STATES: Final = {
    OverallStatus.INITIALIZING: TaskState.TASK_STATE_SUBMITTED,
    OverallStatus.PROCESSING: TaskState.TASK_STATE_WORKING,
    OverallStatus.COMPLETED: TaskState.TASK_STATE_COMPLETED,
    OverallStatus.FAILED: TaskState.TASK_STATE_FAILED,
    OverallStatus.CANCELLED: TaskState.TASK_STATE_CANCELED,
}
_ENDS: Final = frozenset(
    (TaskState.TASK_STATE_COMPLETED, TaskState.TASK_STATE_FAILED, TaskState.TASK_STATE_CANCELED)
)
_NUMBERED: Final = re.compile(r"(?P<job>.+)~(?P<number>[1-9][0-9]{0,8})", re.DOTALL)


class TaskId(NamedTuple):
    """A job, and which of its tasks.

    >>> str(TaskId("report-7", 1)), str(TaskId("report-7", 2))
    ('report-7', 'report-7~2')
    """

    job_id: str
    number: int

    @classmethod
    def of(cls, head: Head) -> Self:
        """The job's current task."""
        return cls(head.job_id, head.reopenings.count + 1)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The id that `str` gave; None for a text that it never gives."""
        found = _NUMBERED.fullmatch(text)
        parsed = cls(found["job"], int(found["number"])) if found else cls(text, 1)
        return parsed if str(parsed) == text else None

    def __str__(self) -> str:
        # A job's id may itself end like a number: then its first task has one, too.
        is_plain = self.number == 1 and _NUMBERED.fullmatch(self.job_id) is None
        return self.job_id if is_plain else f"{self.job_id}~{self.number}"

    @property
    def earlier(self) -> list[str]:
        """The id of the task before this one, if there is one."""
        return [str(TaskId(self.job_id, self.number - 1))] if self.number > 1 else []


def has_ended(status: TaskStatus) -> bool:
    """Whether nothing may follow in a task of this status."""
    return status.state in _ENDS


def tasks_of(head: Head) -> list[Task]:
    """The tasks of a job, the newest first. The oldest of very many are forgotten."""
    numbers = range(head.reopenings.count + 1, 0, -1)
    return [task for number in numbers if (task := task_of(head, number)) is not None]


def task_of(head: Head, number: int) -> Task | None:
    """A task of the job; None if there is none of this number, or it is forgotten."""
    task_id = TaskId(head.job_id, number)
    if task_id == TaskId.of(head):
        return _current_task(head, task_id)
    end = head.reopenings.end_of(number)
    if end is None:
        return None
    state, text = _STATES[end.state], _ended_text(end.state)
    if state not in _ENDS:
        state, text = TaskState.TASK_STATE_FAILED, "The job was started again before this task had ended."
    message = _message(task_id, f"{task_id}@{end.sequence}", text)
    status = TaskStatus(state=state, timestamp=_moment(end.at_ms), message=message)
    position = _position(Cursor(Cursor.of(head).epoch, end.sequence), end.session_id)
    return _task(task_id, status, position)


def updates_of(step: Step) -> Sequence[TaskStatusUpdateEvent]:
    """What a status means to the job's tasks: none after the end of a task, two where a run was left."""
    before, after = step.before.head, step.after.head
    if TaskId.of(before) == TaskId.of(after):
        return () if before.ended else (_update_of(step),)
    left = () if before.sequence == 0 or before.ended else _left(before, after)
    return (*left, _update_of(step))


def events_of(event: WatchEvent, task_id: TaskId) -> Sequence[Task | TaskStatusUpdateEvent]:
    """The events of one task: the task itself for a snapshot, and its updates for a status."""
    if not isinstance(event, Joined):
        return [update for update in updates_of(event) if update.task_id == str(task_id)]
    head = event.job.head
    task = task_of(head, task_id.number) if head.job_id == task_id.job_id else None
    return [] if task is None else [task]


def _state_of(head: Head) -> TaskState:
    """The current task's state."""
    return TaskState.TASK_STATE_INPUT_REQUIRED if head.waits else _STATES[head.overall_status]


def _current_task(head: Head, task_id: TaskId) -> Task:
    status = TaskStatus(
        state=_state_of(head), timestamp=_moment(head.ended_ms if head.ended else head.updated_ms)
    )
    waiting = head.view()["waiting"]
    if waiting is not None:
        message = _message(task_id, f"{task_id}@{waiting['since']}", _question(waiting))
        status.message.CopyFrom(message)
    elif task_id.earlier:
        text = _ended_text(head.overall_status) if head.ended else "The job was started again."
        status.message.CopyFrom(_message(task_id, f"{task_id}@{head.sequence}", text))
    return _task(task_id, status, _position(Cursor.of(head), head.session_id))


def _task(task_id: TaskId, status: TaskStatus, metadata: Mapping[str, str]) -> Task:
    task = Task(id=str(task_id), context_id=task_id.job_id, status=status)
    task.metadata.update(metadata)
    return task


def _update_of(step: Step) -> TaskStatusUpdateEvent:
    update, head = step.update, step.after.head
    task_id = TaskId.of(head)
    moment = Timestamp()
    moment.FromDatetime(datetime.fromisoformat(update.timestamp))
    message = _message(task_id, update.event_id, *_texts(step))
    status = TaskStatus(state=_state_of(head), timestamp=moment, message=message)
    event = TaskStatusUpdateEvent(task_id=str(task_id), context_id=head.job_id, status=status)
    event.metadata.update(
        without_none(
            {
                **_position(Cursor.of(head), head.session_id),
                "status": update.status,
                "agentName": update.agent_name,
                "invocationId": update.invocation_id,
            }
        )
    )
    return event


def _left(before: Head, after: Head) -> tuple[TaskStatusUpdateEvent, ...]:
    """The end of a task whose run was left without one."""
    task = task_of(after, TaskId.of(before).number)
    if task is None:
        return ()
    event = TaskStatusUpdateEvent(task_id=task.id, context_id=task.context_id, status=task.status)
    event.metadata.update(task.metadata)
    return (event,)


def _ended_text(state: OverallStatus) -> str:
    return f"The job is {state}."


def _texts(step: Step) -> list[str]:
    """The status's own text, and what the job waits for: the update replaces the task's message."""
    text, waiting = step.update.message, step.after.head.view()["waiting"]
    question = "" if waiting is None else _question(waiting)
    return [text] if question.removesuffix("…") in text else [text, question]


def _question(waiting: Mapping[str, Any]) -> str:
    return str(waiting["prompt"] or f"Waiting for {waiting['for']}")


def _position(cursor: Cursor, session_id: str | None) -> dict[str, str]:
    position = {"cursor": str(cursor), "sequence": str(cursor.sequence)}
    return {**position, "sessionId": session_id} if session_id else position


def _moment(at_ms: int | None) -> Timestamp | None:
    if at_ms is None:
        return None
    moment = Timestamp()
    moment.FromMilliseconds(at_ms)
    return moment


def _message(task_id: TaskId, message_id: str, *texts: str) -> Message:
    return Message(
        message_id=message_id,
        task_id=str(task_id),
        context_id=task_id.job_id,
        role=Role.ROLE_AGENT,
        parts=[Part(text=text) for text in texts],
        reference_task_ids=task_id.earlier,
    )
