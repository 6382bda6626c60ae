"""JSONata for the ids in a workflow's statuses: invocations, attempts and batches.

An id is the same in every retry of the state that reports it, and differs between executions.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

# An execution's ARN is too long for an id; 16 digits of its digest distinguish the executions of a job.
_EXECUTION = "$substring($hash($states.context.Execution.Id, 'SHA-256'), 0, 16)"
# After a redrive, a state reports a new status; a retry repeats the old one. The emulator has no redrive.
REDRIVE = "($n := $states.context.Execution.RedriveCount; $n > 0 ? '-' & $string($n) : '')"
JOB_ATTEMPT = "($n := $states.context.Execution.RedriveCount; $n > 0 ? $n + 1 : 1)"
"""The attempt in statuses about the job: a redrive is the next one, as the ExecutionCloser counts."""
_REDRIVEN = "$states.context.Execution.RedriveCount > 0"
KEY_LENGTH = 48  # with execution, item, attempt and event it stays below BATCH_ID_LENGTH
ITEM_LENGTH = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """An invocation in the states of one workflow. `parent` is JSONata for its parent's id."""

    name: str
    key: str
    parent: str | None

    @property
    def id_variable(self) -> str:
        """The variable that holds its id."""
        return variable("invocation", self.key)

    @property
    def attempt_variable(self) -> str:
        """The variable that holds its attempt."""
        return variable("attempt", self.key)

    def fields(self, event: str) -> dict[str, object]:
        """The fields of a status that name the invocation and the event."""
        message = json.dumps(f"{self.name} {event}")
        if event == "started":
            message += f" & (${self.attempt_variable} > 1 or {_REDRIVEN} ? ' again' : '')"
        found: dict[str, object] = {
            "agentName": self.name,
            "invocationId": jsonata(f"${self.id_variable}"),
            # After a redrive, Step Functions counts retries from zero, so the fold continues from the last
            # attempt.
            "attempt": jsonata(f"{_REDRIVEN} ? null : ${self.attempt_variable}"),
            "message": jsonata(message),
        }
        if self.parent is not None:
            found["parentInvocationId"] = jsonata(self.parent)
        return found

    def batch_id(self, event: str) -> str:
        """JSONata for the batch id of the status, the same in every retry of its task."""
        return f"${self.id_variable} & '-' & $string(${self.attempt_variable}) & '-{event}' & {REDRIVE}"


def key_of(name: str) -> str:
    """The part of an id for `name`. Raises ValueError if `name` has no character that an id may have."""
    key = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:KEY_LENGTH]
    if not key:
        raise ValueError(f"{name!r} has no letter or digit, so it makes no id")
    return key


def variable(what: str, key: str) -> str:
    """The name of the workflow's variable for `what` of the invocation with this key."""
    return f"{what}_{key.replace('-', '_')}"


def invocation_id(key: str, item: str | None = None) -> str:
    """JSONata for an invocation's id. It is the same in every attempt, and differs between executions."""
    expression = f"{_EXECUTION} & '-{key}'"
    if item is None:
        return expression
    digest = f"$substring($hash($string($item), 'SHA-256'), 0, {ITEM_LENGTH})"
    found = f"$item := $states.input.input.({item}); $exists($item) ? '-' & {digest} : ''"
    return f"{expression} & ({found})"


def jsonata(expression: str) -> str:
    """`expression` with the marks of JSONata in Step Functions."""
    return f"{{% {expression} %}}"
