"""Step Functions workflows that report statuses although none of their Lambdas knows of Statusbeam.

    checkpoints = StatusCheckpoints(self, "Checkpoints", route=route)
    geo = checkpoints.agent(locate, "Geo Agent").add_retry(max_attempts=2)     # any state, any chain
    work = checkpoints.job(geo.next(route_truck), done="The truck is on its way.")
    machine = sfn.StateMachine(self, "Machine", definition_body=sfn.DefinitionBody.from_chainable(work))
    route.grant(machine.role)

What is wrapped gets its input and gives its output unchanged; its error is raised again once it is reported;
a status that cannot be sent is passed over. docs/workflows.md has the whole story.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import jsii
from aws_cdk import Duration, IStableStringProducer, Lazy
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from ..publishing.status_route import Report, StatusRoute

_INPUT = "{% $states.input %}"
_EXECUTION_INPUT = "$states.context.Execution.Input"
# An execution's ARN is longer than ids may be; of its digest this much tells the executions of one job apart.
_EXECUTION = "$substring($hash($states.context.Execution.Id, 'SHA-256'), 0, 16)"
# What a state says again after a redrive is news, what it sends again is not. The emulator redrives nothing.
_REDRIVE = "($n := $states.context.Execution.RedriveCount; $n > 0 ? '-' & $string($n) : '')"
_KEY_LENGTH = 48  # with execution, item, attempt and word it stays below BATCH_ID_LENGTH
_ITEM_LENGTH = 12

LONGEST_LAMBDA = Duration.minutes(15)
LONGEST_SILENCE = Duration.days(1)  # MAX_LEASE_SECONDS: a status that asks for more gets the usual lease

Work = sfn.IChainable


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One invocation while it runs. `parent` is JSONata for its parent's id."""

    name: str
    key: str
    parent: str | None

    @property
    def invocation(self) -> str:
        """The variable that holds its id."""
        return _variable("invocation", self.key)

    @property
    def attempt(self) -> str:
        """The variable that holds its attempt."""
        return _variable("attempt", self.key)

    def about(self, what: str) -> dict[str, object]:
        """The part of a status that says who and what."""
        words = json.dumps(f"{self.name} {what}")
        if what == "started":
            words += f" & (${self.attempt} > 1 ? ' again' : '')"
        who: dict[str, object] = {
            "agentName": self.name,
            "invocationId": _jsonata(f"${self.invocation}"),
            "attempt": _jsonata(f"${self.attempt}"),
            "message": _jsonata(words),
        }
        if self.parent is not None:
            who["parentInvocationId"] = _jsonata(self.parent)
        return who

    def batch(self, what: str) -> str:
        """JSONata for the id of the status, the same whenever it is sent again."""
        return f"${self.invocation} & '-' & $string(${self.attempt}) & '-{what}'"


class StatusCheckpoints(Construct):
    """States that report, around the states of one workflow.

    `owner` is a JSONata expression for the object with jobId, userId and tenantId: the execution's input,
    unless it says otherwise. `query_language` is the workflow's: states given to a JSONata machine are
    JSONata, and their callers' Catch is written in it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        route: StatusRoute,
        owner: str = _EXECUTION_INPUT,
        query_language: sfn.QueryLanguage = sfn.QueryLanguage.JSON_PATH,
    ) -> None:
        super().__init__(scope, construct_id)
        self._route = route
        self._owner = owner
        self._jsonata = query_language is sfn.QueryLanguage.JSONATA
        self._keys: set[str] = set()
        self._of_items: set[str] = set()  # keys whose invocation's id only their own states know
        self._plan: list[dict[str, str]] = []

    def agent(
        self,
        work: Work,
        name: str,
        *,
        item: str | None = None,
        parent: str | None = None,
        silence: Duration = LONGEST_LAMBDA,
    ) -> sfn.Parallel:
        """`work` as one invocation of the agent called `name`: agent_invoking, then agent_complete or
        agent_error. Add Retry and Catch to what this gives back: each of its retries is an attempt, while
        retries of `work` itself stay unseen.

        `item` tells the iterations of a Map apart: a JSONata path into the input of `work`, like `orderId`,
        or `$` for the input itself. `parent` is the `name` of the agent that `work` is a part of. It sends no
        heartbeats: `silence`, at most a day, is how long it may take before readers call it stale. Raises
        ValueError for a longer one, and for a name whose id another agent of the workflow has.
        """
        if silence.to_seconds() > LONGEST_SILENCE.to_seconds():
            raise ValueError(f"{name}: readers believe in a silence of a day at most")
        key = self._new_key(name)
        if item is not None:
            self._of_items.add(key)
        elif parent is None:
            self._plan.append({"name": name, "invocationId": _jsonata(_invocation(key))})
        run = _Run(name=name, key=key, parent=None if parent is None else self._id_of_parent(parent))
        begin = sfn.Pass.jsonata(
            self,
            f"Begin {name}",
            assign={
                run.invocation: _jsonata(_invocation(key, item)),
                run.attempt: _jsonata("$states.input.retries + 1"),
            },
            outputs="{% $states.input.input %}",
        )
        lease = {"leaseSeconds": silence.to_seconds()}
        started = self._report(run, "started", "agent_invoking", metadata=lease)
        finished = self._report(run, "finished", "agent_complete")
        failed = self._report(run, "failed", "agent_error", metadata=_pointer())
        body = self._catching(work, f"Run {name}", then=failed.next(self._raise_again(f"Raise {name} again")))
        return self._attempts(f"{name} with its status", begin.next(started).next(body).next(finished))

    def job(
        self,
        work: Work,
        *,
        message: str = "The workflow has started.",
        done: str = "The workflow has finished.",
        result: Mapping[str, object] | None = None,
    ) -> sfn.Chain:
        """`work` as a whole job: loading_agents with the plan of the agents made so far, then complete or
        error. `done` and `result` (the last status's metadata) may be JSONata (`{% $states.input.x %}`) on
        the work's output. An execution that is stopped or times out reports nothing:
        the `ExecutionCloser` ends its job.
        """
        plan = {"plan": self._plan} if self._plan else None
        loading = self.status("Report the start", "loading_agents", message, metadata=plan)
        failed = self.status(
            "Report the failure",
            "error",
            "The workflow stopped because something in it failed.",
            metadata=_pointer(),
        )
        body = self._catching(work, "Run the job", then=failed.next(self._raise_again("Raise again")))
        complete = self.status("Report the end", "complete", done, metadata=result)
        return loading.next(body).next(complete)

    def status(
        self, state_name: str, status: str, message: str, *, metadata: Mapping[str, object] | None = None
    ) -> sfn.Chain:
        """A state that reports one status about the job and gives its input on. `message` and values of
        `metadata` may be JSONata (`{% $states.input.summary %}`). For states that run once an execution.
        """
        update: dict[str, object] = {"status": status, "message": message}
        if metadata is not None:
            update["metadata"] = metadata
        return self._say(state_name, update, batch=f"{_invocation(self._new_key(state_name))} & {_REDRIVE}")

    def _report(
        self, run: _Run, what: str, status: str, *, metadata: Mapping[str, object] | None = None
    ) -> sfn.Chain:
        """A state that reports what became of an invocation."""
        update = {**run.about(what), "status": status}
        if metadata is not None:
            update["metadata"] = metadata
        return self._say(f"Report {run.name} {what}", update, batch=run.batch(what))

    def _say(self, state_name: str, update: Mapping[str, object], *, batch: str) -> sfn.Chain:
        owner = {name: _jsonata(f"({self._owner}).{name}") for name in ("jobId", "userId", "tenantId")}
        report = Report(
            update={**owner, **update, "timestamp": "{% $states.context.State.EnteredTime %}"},
            batch_id=_jsonata(batch),
            outputs=_INPUT,
        )
        task = self._route.checkpoint(self, state_name, report)
        without = sfn.Pass.jsonata(self, f"Without {state_name}")
        task.add_catch(without, outputs=_INPUT)
        return sfn.Chain.custom(task, [task, without], task)

    def _catching(self, work: Work, state_name: str, *, then: sfn.IChainable) -> sfn.Chain:
        """`work` with `then` after whatever goes wrong in it, which gets Error and Cause as its input."""
        body = _lone_state(work) or self._scope(state_name, work)
        return sfn.Chain.start(body.add_catch(then, errors=["States.ALL"]))

    def _scope(self, state_name: str, work: Work) -> sfn.Parallel:
        """`work` as one state, with its input and output as they are."""
        if self._jsonata:
            scope = sfn.Parallel.jsonata(self, state_name, outputs="{% $states.result[0] %}")
        else:
            scope = sfn.Parallel.json_path(self, state_name, output_path="$[0]")
        return scope.branch(work)

    def _attempts(self, state_name: str, branch: Work) -> sfn.Parallel:
        """A branch that learns how often it was run again, as `retries` beside its `input`."""
        if self._jsonata:
            scope = sfn.Parallel.jsonata(
                self,
                state_name,
                arguments={"input": _INPUT, "retries": "{% $states.context.State.RetryCount %}"},
                outputs="{% $states.result[0] %}",
            )
        else:
            scope = sfn.Parallel.json_path(
                self,
                state_name,
                parameters={
                    "input": sfn.JsonPath.entire_payload,
                    "retries": sfn.JsonPath.number_at("$$.State.RetryCount"),
                },
                output_path="$[0]",
            )
        return scope.branch(branch)

    def _raise_again(self, state_name: str) -> sfn.Fail:
        # An error without a cause is one all the same; what is undefined would be an error of its own.
        error, cause = (f"$exists($states.input.{x}) ? $states.input.{x} : ''" for x in ("Error", "Cause"))
        return sfn.Fail.jsonata(self, state_name, error=_jsonata(error), cause=_jsonata(cause))

    def _id_of_parent(self, name: str) -> str:
        """JSONata for the id of the agent that a part of its work names, before it is known itself."""
        key = _key(name)

        def found() -> str:
            return f"${_variable('invocation', key)}" if key in self._of_items else _invocation(key)

        return Lazy.string(_Later(found))

    def _new_key(self, name: str) -> str:
        key = _key(name)
        if key in self._keys:
            raise ValueError(f"{name} makes the id {key}, which another state of this workflow has")
        self._keys.add(key)
        return key


@jsii.implements(IStableStringProducer)
class _Later:
    """A text that is known at synth."""

    def __init__(self, found: Callable[[], str]) -> None:
        self._found = found

    def produce(self) -> str:
        return self._found()


def _lone_state(work: Work) -> sfn.TaskStateBase | sfn.Parallel | sfn.Map | None:
    """The one state that `work` consists of, when it can catch errors and doesn't yet."""
    state = work.start_state
    if not isinstance(state, sfn.TaskStateBase | sfn.Parallel | sfn.Map):
        return None
    ends = [end.node.path for end in work.end_states if isinstance(end, Construct)]
    return state if ends == [state.node.path] and "Catch" not in state.to_state_json() else None


def _key(name: str) -> str:
    key = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:_KEY_LENGTH]
    if not key:
        raise ValueError(f"{name!r} has no letter or digit to make an id of")
    return key


def _variable(what: str, key: str) -> str:
    return f"{what}_{key.replace('-', '_')}"


def _invocation(key: str, item: str | None = None) -> str:
    """JSONata for an invocation's id: the same in every attempt, another in every execution."""
    expression = f"{_EXECUTION} & '-{key}'"
    if item is None:
        return expression
    digest = f"$substring($hash($string($item), 'SHA-256'), 0, {_ITEM_LENGTH})"
    found = f"$item := $states.input.input.({item}); $exists($item) ? '-' & {digest} : ''"
    return f"{expression} & ({found})"


def _pointer() -> dict[str, str]:
    # Not the error's own words: they may name ARNs, or more. Step Functions has them, under this name.
    return {"errorId": "{% $states.context.Execution.Name %}"}


def _jsonata(expression: str) -> str:
    return f"{{% {expression} %}}"
