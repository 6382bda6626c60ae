"""Step Functions workflows report statuses, and their Lambdas need no change.

    checkpoints = StatusCheckpoints(self, "Checkpoints", route=status.route)
    geo = checkpoints.agent(locate, "Geo Agent").add_retry(max_attempts=2)     # any state, any chain
    work = checkpoints.job(geo.next(route_truck), done="The truck is on its way.")
    machine = sfn.StateMachine(self, "Machine", definition_body=sfn.DefinitionBody.from_chainable(work))
    status.grant_report(machine.role)

The input and the output of a wrapped state stay unchanged. Its error is raised again after the report. The
workflow continues if a status cannot be sent. docs/how-to/workflows.md has the details.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import jsii
from aws_cdk import Duration, IStableStringProducer, Lazy
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from ..publishing.status_route import Report, StatusRoute
from .approvals import Approvals
from .invocation_ids import JOB_ATTEMPT, REDRIVE, Invocation, invocation_id, jsonata, key_of, variable

_INPUT = "{% $states.input %}"
_EXECUTION_INPUT = "$states.context.Execution.Input"

LONGEST_LAMBDA = Duration.minutes(15)
LONGEST_SILENCE = Duration.days(1)  # MAX_LEASE_SECONDS

Work = sfn.IChainable


class StatusCheckpoints(Construct):
    """Adds states that report to one workflow.

    `owner` is a JSONata expression for the object with jobId, userId and tenantId: by default the
    execution's input. `query_language` is the workflow's: states given to a JSONata machine are
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
        self._of_items: set[str] = set()  # keys of agents in a Map, whose ids only their own states know
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
        """Report `work` as an invocation of the agent `name`: agent_invoking, agent_complete or agent_error.

        Add Retry and Catch to the state that this returns. Each of its retries is an attempt; retries inside
        `work` are not reported.

        `item` distinguishes the iterations of a Map. It is a JSONata path into the input of `work`, like
        `orderId`, or `$` for the input itself. `parent` is the `name` of the agent that `work` is a part of.
        The states send no heartbeats: readers call the agent stale after `silence`, at most a day.

        Raises ValueError for a longer silence, and for a name that makes the id of another agent.
        """
        if silence.to_seconds() > LONGEST_SILENCE.to_seconds():
            raise ValueError(f"{name}: silence must be a day at most")
        lease = {"leaseSeconds": silence.to_seconds()}
        return self._wrapped(work, name, item=item, parent=parent, started=lease)

    def waiting(
        self,
        work: Work,
        name: str,
        *,
        what: str,
        prompt: str | None = None,
        until: Duration | str | None = None,
        item: str | None = None,
        parent: str | None = None,
    ) -> sfn.Parallel:
        """Report `work` as an invocation of the agent `name` that waits: for a person, a timer, another job.

            ask = checkpoints.waiting(ask_task, "Approval", what="approval", prompt="Close the case?")

        The states report agent_invoking and waiting before `work`, which is a task with a token, a Wait or
        another workflow, and agent_complete or agent_error behind it. A job that waits has no lease: however
        long it takes, readers call it neither stale nor lost.

        `prompt` is the question for a person, `until` is the latest end of the wait, from its beginning
        or as a time. Both texts may be JSONata on the input of `work`. The rest is as for `agent`.
        """
        waiting: dict[str, object] = {"for": what}
        if prompt is not None:
            waiting["prompt"] = prompt
        if until is not None:
            waiting["until"] = until if isinstance(until, str) else jsonata(_after(until))
        return self._wrapped(work, name, item=item, parent=parent, waiting=waiting)

    def approval(
        self,
        approvals: Approvals,
        name: str,
        *,
        prompt: str,
        timeout: Duration,
        item: str | None = None,
        parent: str | None = None,
    ) -> sfn.Parallel:
        """Wait until the job's owner or an operator of the tenant approves or rejects.

            ask = checkpoints.approval(approvals, "Approval", prompt="Send it?", timeout=Duration.hours(1))

        They answer with `answerWaiting`. The next state gets the input, an object, with
        `approval: {approved, by, comment}`. A rejection is an answer and no error. Without an answer, the
        state fails with `States.Timeout` after `timeout`. `prompt` is the question; it may be JSONata
        on the input. The rest is as for `agent`. Let `approvals` serve the machine.
        """
        key = key_of(name)
        owner = {field: jsonata(f"({self._owner}).{field}") for field in ("jobId", "tenantId")}
        ask = tasks.LambdaInvoke.jsonata(
            self,
            f"Ask {name}",
            lambda_function=approvals.function,
            integration_pattern=sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
            payload=sfn.TaskInput.from_object(
                {
                    **owner,
                    "invocationId": jsonata(f"${variable('invocation', key)}"),
                    "askedAt": jsonata(f"${variable('asked', key)}"),
                    "taskToken": jsonata("$states.context.Task.Token"),
                }
            ),
            outputs=jsonata("$merge([$states.input, {'approval': $states.result}])"),
            task_timeout=sfn.Timeout.duration(timeout),
            retry_on_service_exceptions=False,
        )
        waiting = {"for": "approval", "prompt": prompt, "until": jsonata(_after(timeout)), "answerable": True}
        return self._wrapped(ask, name, item=item, parent=parent, waiting=waiting)

    def _wrapped(
        self,
        work: Work,
        name: str,
        *,
        item: str | None,
        parent: str | None,
        started: Mapping[str, object] | None = None,
        waiting: Mapping[str, object] | None = None,
    ) -> sfn.Parallel:
        """`work` with reports before and behind it; `started` is the first one's metadata."""
        key = self._new_key(name)
        if item is not None:
            self._of_items.add(key)
        elif parent is None:
            self._plan.append({"name": name, "invocationId": jsonata(invocation_id(key))})
        invocation = Invocation(
            name=name, key=key, parent=None if parent is None else self._id_of_parent(parent)
        )
        variables = {
            invocation.id_variable: jsonata(invocation_id(key, item)),
            invocation.attempt_variable: jsonata("$states.input.retries + 1"),
        }
        if waiting is not None:
            variables[variable("asked", key)] = jsonata("$states.context.State.EnteredTime")
        begin = sfn.Pass.jsonata(
            self,
            f"Begin {name}",
            assign=variables,
            outputs="{% $states.input.input %}",
        )
        before = begin.next(self._report(invocation, "started", "agent_invoking", metadata=started))
        if waiting is not None:
            waits = self._report(invocation, "waiting", "waiting", metadata={"waiting": waiting})
            before = before.next(waits)
        finished = self._report(invocation, "finished", "agent_complete")
        failed = self._report(invocation, "failed", "agent_error", metadata=_pointer())
        body = self._catching(work, f"Run {name}", then=failed.next(self._raise_again(f"Raise {name} again")))
        return self._attempts(f"{name} with its status", before.next(body).next(finished))

    def job(
        self,
        work: Work,
        *,
        message: str = "The workflow has started.",
        done: str = "The workflow completed.",
        title: str | None = None,
        result: object = None,
    ) -> sfn.Chain:
        """Report `work` as a whole job: loading_agents, then complete or error.

        The first status has the plan, which lists the agents added so far. `done` is the message of the final
        status, `result` the job's result. Both may be JSONata on the output of `work`:
        `{% $states.input.x %}`. `title` is the job's name for people; it may be JSONata on the input.
        An execution that is stopped or times out reports nothing: the `ExecutionCloser` ends its job.
        """
        opening: dict[str, object] = {"plan": self._plan} if self._plan else {}
        if title is not None:
            opening["title"] = title
        loading = self.status("Report the start", "loading_agents", message, metadata=opening or None)
        failed = self.status(
            "Report the failure",
            "error",
            "The workflow failed: one of its steps failed.",
            metadata=_pointer(),
        )
        body = self._catching(work, "Run the job", then=failed.next(self._raise_again("Raise again")))
        final = None if result is None else {"result": result}
        complete = self.status("Report the end", "complete", done, metadata=final)
        return loading.next(body).next(complete)

    def status(
        self, state_name: str, status: str, message: str, *, metadata: Mapping[str, object] | None = None
    ) -> sfn.Chain:
        """A state that reports one status of the job and passes its input on. It may run once an execution.

        `message` and the values of `metadata` may be JSONata: `{% $states.input.summary %}`.
        """
        update: dict[str, object] = {"status": status, "message": message, "attempt": jsonata(JOB_ATTEMPT)}
        if metadata is not None:
            update["metadata"] = metadata
        return self._publish(
            state_name, update, batch_id=f"{invocation_id(self._new_key(state_name))} & {REDRIVE}"
        )

    def _report(
        self,
        invocation: Invocation,
        event: str,
        status: str,
        *,
        metadata: Mapping[str, object] | None = None,
    ) -> sfn.Chain:
        """A state that reports an event of an invocation."""
        update = {**invocation.fields(event), "status": status}
        if metadata is not None:
            update["metadata"] = metadata
        return self._publish(f"Report {invocation.name} {event}", update, batch_id=invocation.batch_id(event))

    def _publish(self, state_name: str, update: Mapping[str, object], *, batch_id: str) -> sfn.Chain:
        owner = {name: jsonata(f"({self._owner}).{name}") for name in ("jobId", "userId", "tenantId")}
        report = Report(
            update={**owner, **update, "timestamp": "{% $states.context.State.EnteredTime %}"},
            batch_id=jsonata(batch_id),
            outputs=_INPUT,
        )
        task = self._route.checkpoint(self, state_name, report)
        without = sfn.Pass.jsonata(self, f"Without {state_name}")
        task.add_catch(without, outputs=_INPUT)
        return sfn.Chain.custom(task, [task, without], task)

    def _catching(self, work: Work, state_name: str, *, then: sfn.IChainable) -> sfn.Chain:
        """`work` with a Catch of all errors. The input of `then` is Error and Cause."""
        body = _lone_state(work) or self._scope(state_name, work)
        return sfn.Chain.start(body.add_catch(then, errors=["States.ALL"]))

    def _scope(self, state_name: str, work: Work) -> sfn.Parallel:
        """`work` as one state with the same input and output."""
        if self._jsonata:
            scope = sfn.Parallel.jsonata(self, state_name, outputs="{% $states.result[0] %}")
        else:
            scope = sfn.Parallel.json_path(self, state_name, output_path="$[0]")
        return scope.branch(work)

    def _attempts(self, state_name: str, branch: Work) -> sfn.Parallel:
        """`branch` as a state whose Retry counts attempts. The input of `branch` is `input` and `retries`."""
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
        # An error may have no cause, and an undefined value would raise another error.
        error, cause = (f"$exists($states.input.{x}) ? $states.input.{x} : ''" for x in ("Error", "Cause"))
        return sfn.Fail.jsonata(self, state_name, error=jsonata(error), cause=jsonata(cause))

    def _id_of_parent(self, name: str) -> str:
        """JSONata for the id of the parent agent. The parent is added after the agents inside it."""
        key = key_of(name)

        def found() -> str:
            return f"${variable('invocation', key)}" if key in self._of_items else invocation_id(key)

        return Lazy.string(_Later(found))

    def _new_key(self, name: str) -> str:
        key = key_of(name)
        if key in self._keys:
            raise ValueError(
                f"{name} makes the id {key}, which another state of this workflow has: choose another name"
            )
        self._keys.add(key)
        return key


@jsii.implements(IStableStringProducer)
class _Later:
    """A text that is produced at synth."""

    def __init__(self, found: Callable[[], str]) -> None:
        self._found = found

    def produce(self) -> str:
        return self._found()


def _lone_state(work: Work) -> sfn.TaskStateBase | sfn.Parallel | sfn.Map | None:
    """The only state of `work`, if it can have a Catch and has none yet."""
    state = work.start_state
    if not isinstance(state, sfn.TaskStateBase | sfn.Parallel | sfn.Map):
        return None
    ends = [end.node.path for end in work.end_states if isinstance(end, Construct)]
    return state if ends == [state.node.path] and "Catch" not in state.to_state_json() else None


def _after(time: Duration) -> str:
    """JSONata for a time after the state was entered."""
    return f"$fromMillis($toMillis($states.context.State.EnteredTime) + {round(time.to_milliseconds())})"


def _pointer() -> dict[str, str]:
    # The error's message may name ARNs or data. Step Functions keeps it, under this name.
    return {"errorId": "{% $states.context.Execution.Name %}"}
