"""The format of the status table's items, and the writes of one commit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from statusbeam.model.job_key import JobKey
from statusbeam.model.limits import DAY_SECONDS, MARKER_SECONDS
from statusbeam.model.settings import StatusTable
from statusbeam.model.update import StatusUpdate
from statusbeam.model.validation import json_text

from ..snapshot.agent_state import AgentState
from ..snapshot.job_state import Head, Job
from ..snapshot.lifecycle import job_event

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, PutTypeDef, TransactWriteItemTypeDef

    from .commits import Change
    from .entry import Entry

    Item = Mapping[str, AttributeValueTypeDef]

Attributes = Mapping[str, Any]
"""JSON types, by name."""

PK, SK, TTL = StatusTable.PARTITION_KEY, StatusTable.SORT_KEY, StatusTable.TTL
HEAD: Final = StatusTable.HEAD

_JSON_TEXTS: Final = ("fold", "result")

MARKER_ACTION: Final = 1
"""The marker's index in the actions of a commit; DynamoDB gives its cancellation reasons in that order."""

_REFUSED_PREFIX: Final = "REFUSED#"
"""The prefix of the partition key of refused statuses for one job, under the tenant that they name."""

_AGENT_OUTLIVES_SECONDS: Final = 7 * DAY_SECONDS
"""The additional seconds that an agent's item stays after the head written with it. Only commits that touch
an agent renew its time. Otherwise the first agents of a job that runs for days would expire before the
job."""


def partition(job: JobKey) -> str:
    """The partition key of everything of one job."""
    return f"{StatusTable.JOB_PREFIX}{job.text}"


def head_key(job: JobKey) -> dict[str, str]:
    """The key of a job's head."""
    return {PK: partition(job), SK: HEAD}


def agent_key(job: JobKey, invocation_id: str) -> dict[str, str]:
    """The key of one invocation's state. Between `AGENT#` and `HEAD` lies the snapshot and nothing else."""
    return {PK: partition(job), SK: f"{StatusTable.AGENT_PREFIX}{invocation_id}"}


def update_key(sequence: int) -> str:
    """The sort key of one status."""
    return f"{StatusTable.UPDATE_PREFIX}{sequence:0{StatusTable.SEQUENCE_DIGITS}d}"


def marker_key(job: JobKey, batch_id: str) -> dict[str, str]:
    """The key of the marker that makes a redelivered batch a no-op."""
    return {PK: partition(job), SK: f"MARKER#{batch_id}"}


def refused_key(update: StatusUpdate) -> dict[str, str]:
    """The key of a refused status: a partition of its own, so that it cannot fill another owner's job."""
    job = JobKey(update.tenant_id, update.job_id)
    return {PK: f"{_REFUSED_PREFIX}{job.text}", SK: update.event_id}


def to_item(values: Attributes) -> dict[str, AttributeValueTypeDef]:
    """Attributes with their DynamoDB types."""
    return {name: _typed(value) for name, value in values.items()}


def _typed(value: Any) -> AttributeValueTypeDef:
    kind = type(value)
    if kind is str or isinstance(value, str):
        return {"S": value}
    if kind is int:
        return {"N": str(value)}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, list):
        return {"L": [_typed(one) for one in value]}
    if isinstance(value, Mapping):
        return {"M": to_item(value)}
    # Numbers in the form that DynamoDB gives them back in: 40, not 40.0.
    return {"N": str(value).removesuffix(".0")}


def from_item(item: Item) -> dict[str, Any]:
    """The attributes of an item without their DynamoDB types."""
    return {name: _plain(value) for name, value in item.items()}


def _plain(value: Mapping[str, Any]) -> Any:
    ((kind, held),) = value.items()
    if kind == "N":
        return int(held) if held.lstrip("-").isdigit() else float(held)
    if kind == "L":
        return [_plain(one) for one in held]
    return from_item(held) if kind == "M" else held


def read_head(values: Attributes) -> Head:
    """The head that an item's attributes hold."""
    return Head.from_item(_unpacked(values))


def read_agents(items: Iterable[Attributes], head: Head) -> dict[str, AgentState]:
    """The agents of `head`'s run that these items' attributes hold, by invocation id.

    Those of older runs are ignored, and those of an earlier use of the job id, which TTL has not taken yet.
    """
    run = (head.epoch, head.runs.number)
    own = (values for values in items if (values["epoch"], values["run"]) == run)
    return {values["invocationId"]: AgentState.from_item(_unpacked(values)) for values in own}


def read_job(values: Attributes, agents: Iterable[Attributes]) -> Job:
    """The snapshot, or the part of it, that the attributes of a head and of agents hold."""
    head = read_head(values)
    return Job(head=head, agents=read_agents(agents, head))


def read_update(values: Attributes) -> StatusUpdate:
    """The status that an item's attributes hold."""
    return StatusUpdate.from_store(values)


def _packed(values: Attributes) -> dict[str, Any]:
    # One text instead of a tree of types: it is smaller, and numbers stay unchanged.
    return {**values, **{name: json_text(values[name]) for name in _JSON_TEXTS if name in values}}


def _unpacked(values: Attributes) -> dict[str, Any]:
    return {**values, **{name: json.loads(values[name]) for name in _JSON_TEXTS if name in values}}


class CommitWriter:
    """Writes down a commit as the actions of one TransactWriteItems; retention is in seconds."""

    def __init__(self, table: str, *, log_seconds: int, job_seconds: int) -> None:
        self._table = table
        self._log_seconds = log_seconds
        self._job_seconds = job_seconds

    def actions(self, batch_id: str, change: Change, *, now: int) -> list[TransactWriteItemTypeDef]:
        """Everything that is written together: the head, the marker, the log entries, the touched agents."""
        head = self._head(change, now)
        puts = [
            _if_unmoved(head, change.before.head) if change.before else _if_absent(head, now),
            _if_absent(self._marker(batch_id, change, now), now),
            *(self._log_entry(entry, change.after.head, now) for entry in change.entries),
            *(self._agent(agent, change.after.head, now) for agent in change.agents),
        ]
        return [{"Put": put} for put in puts]

    def _head(self, change: Change, now: int) -> PutTypeDef:
        head = change.after.head
        values = _packed(head.to_item())
        # The indexed attributes rarely change from commit to commit, so most commits don't pay for the
        # indexes.
        state = f"{head.tenant_id}#{head.overall_status.value}"
        index = {
            StatusTable.BY_USER_PARTITION_KEY: f"{StatusTable.USER_PREFIX}{head.tenant_id}#{head.user_id}",
            StatusTable.BY_TENANT_PARTITION_KEY: f"{StatusTable.TENANT_PREFIX}{state}",
            StatusTable.BY_USER_SORT_KEY: f"{values['createdAt']}#{head.job_id}",
            TTL: self._head_expiry(now),
        }
        title = values.get("title")
        if title:
            index[StatusTable.SEARCH_TEXT] = title.lower()
        event = job_event(change.before.head if change.before else None, head)
        if event is not None:
            index[StatusTable.JOB_EVENT] = event.value  # the filter of the readers of the table's stream
        return self._put({**head_key(head.key), **values, **index})

    def _head_expiry(self, now: int) -> int:
        # Rounded up to midnight: the index projects it, and a commit with the same value writes no index
        # entry.
        return (now + self._job_seconds) // DAY_SECONDS * DAY_SECONDS + DAY_SECONDS

    def _marker(self, batch_id: str, change: Change, now: int) -> PutTypeDef:
        head = change.after.head
        places = {
            "firstSequence": head.sequence - len(change.entries) + 1,
            "lastSequence": head.sequence,
            "digest": change.digest,
        }
        seconds = min(MARKER_SECONDS, self._job_seconds)
        return self._put({**marker_key(head.key, batch_id), **places, TTL: now + seconds})

    def _log_entry(self, entry: Entry, head: Head, now: int) -> PutTypeDef:
        update = entry.update
        key = {PK: partition(head.key), SK: update_key(update.sequence or 0)}
        return self._put({**key, **entry.attributes, **update.to_wire(), TTL: now + self._log_seconds})

    def _agent(self, agent: AgentState, head: Head, now: int) -> PutTypeDef:
        expiry = self._head_expiry(now) + _AGENT_OUTLIVES_SECONDS
        written = {"epoch": head.epoch, "sequence": head.sequence, TTL: expiry}
        values = {**_packed(agent.to_item()), **written}
        return self._put({**agent_key(head.key, agent.invocation_id), **values})

    def _put(self, values: Attributes) -> PutTypeDef:
        return {"TableName": self._table, "Item": to_item(values)}


def _if_absent(put: PutTypeDef, now: int) -> PutTypeDef:
    return {
        **put,
        "ConditionExpression": "attribute_not_exists(#pk) OR #ttl <= :now",
        "ExpressionAttributeNames": {"#pk": PK, "#ttl": TTL},
        "ExpressionAttributeValues": to_item({":now": now}),
    }


def _if_unmoved(put: PutTypeDef, before: Head) -> PutTypeDef:
    still = {"sequence": before.sequence, "epoch": before.epoch, "userId": before.user_id}
    return {
        **put,
        "ConditionExpression": " AND ".join(f"#{name} = :{name}" for name in still),
        "ExpressionAttributeNames": {f"#{name}": name for name in still},
        "ExpressionAttributeValues": to_item({f":{name}": value for name, value in still.items()}),
    }
