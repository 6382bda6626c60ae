"""The example's state machine: agents work on a complaint in parallel, then a step sums up their findings.

The orchestrator reports through states of its own. The workflow continues if one of them fails.
"""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra.example.logged_machine import LoggedMachine
from statusbeam.cdk.options import ResourceOptions
from statusbeam.cdk.publishing.status_route import StatusRoute
from statusbeam.cdk.workflows.status_checkpoints import StatusCheckpoints

_OWNER = ("jobId", "userId", "tenantId")
_FOR_AGENTS = ("complaint", "playbook", "failAgent")
# Errors of Lambda itself. A retry would not help against an exception of the handler.
_LAMBDA_TROUBLE = (
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.TooManyRequestsException",
)
_AGENT_RETRIES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CivicAgent:
    """One agent: `name` for people, `key` for events and invocation ids."""

    name: str
    key: str
    function: lambda_.IFunction


@dataclass(frozen=True, slots=True, kw_only=True)
class CivicFunctions:
    """The functions the machine runs."""

    load_playbook: lambda_.IFunction
    agents: tuple[CivicAgent, ...]
    validate: lambda_.IFunction
    synthesize: lambda_.IFunction

    def all(self) -> tuple[lambda_.IFunction, ...]:
        """Every function the machine may invoke."""
        agents = (agent.function for agent in self.agents)
        return (self.load_playbook, *agents, self.validate, self.synthesize)


class CivicWorkflow(LoggedMachine):
    """Its input is `{jobId, userId, tenantId, complaint, failAgent?}`. Grants go to `role`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        log_group_name: str,
        resources: ResourceOptions,
        functions: CivicFunctions,
        route: StatusRoute,
    ) -> None:
        super().__init__(scope, construct_id, log_group_name=log_group_name, resources=resources)
        self._functions = functions
        self._route = route
        self.state_machine = self._machine(self._definition(), timeout=Duration.minutes(15))

    def _definition(self) -> sfn.IChainable:
        reports = StatusCheckpoints(self, "Checkpoints", route=self._route)
        agents = sfn.Parallel(self, "RunAgents", result_path="$.findings")
        for agent in self._functions.agents:
            agents.branch(self._agent(agent))
        found = (*_FOR_AGENTS, "findings")
        playbook = self._work("LoadPlaybook", self._functions.load_playbook, "playbook", ("complaint",))
        validate = self._work("Validate", self._functions.validate, "validation", found)
        synthesize = self._work("Synthesize", self._functions.synthesize, "synthesis", (*found, "validation"))
        # The error's message may name ARNs. The status of the failed agent has the reason.
        failed = reports.status(
            "PublishError", "error", "The job failed because one of its steps failed."
        ).next(sfn.Fail(self, "Stopped", error="StepFailed", cause="A step failed; see the job's log."))
        for step in (playbook, agents, validate, synthesize):
            step.add_catch(failed, result_path="$.failure")
        steps = (
            reports.status(
                "PublishLoadingAgents",
                "loading_agents",
                "Choosing agents for this complaint.",
                # Estimates come from earlier runs of the same workflow and version.
                metadata={
                    "plan": [_planned(agent) for agent in self._functions.agents],
                    "workflow": "civic-complaints",
                    "workflowVersion": "1",
                },
            )
            .next(playbook)
            .next(agents)
            .next(reports.status("PublishValidating", "validating", "Checking what the agents found."))
            .next(validate)
            .next(reports.status("PublishSynthesizing", "synthesizing", "Putting the answer together."))
            .next(synthesize)
            .next(
                reports.status(
                    "PublishComplete",
                    "complete",
                    "{% $states.input.synthesis.summary %}",
                    # without the summary, which is the status's message
                    metadata={
                        "result": "{% $sift($states.input.synthesis, function($v, $k) {$k != 'summary'}) %}"
                    },
                )
            )
            .next(sfn.Succeed(self, "Done"))
        )
        nobody = sfn.Pass(self, "NobodyFails", result=sfn.Result.from_string(""), result_path="$.failAgent")
        asked = sfn.Choice(self, "IsAFailureAskedFor").when(sfn.Condition.is_present("$.failAgent"), steps)
        return asked.otherwise(nobody.next(steps))

    def _work(
        self, state_name: str, function: lambda_.IFunction, into: str, given: tuple[str, ...]
    ) -> tasks.LambdaInvoke:
        task = self._invoke(state_name, function, given=given, result_path=f"$.{into}")
        task.add_retry(
            errors=list(_LAMBDA_TROUBLE), max_attempts=2, interval=Duration.seconds(1), backoff_rate=2
        )
        return task

    def _agent(self, agent: CivicAgent) -> tasks.LambdaInvoke:
        """One agent with its retries. Step Functions counts the attempts."""
        task = self._invoke(agent.name, agent.function, given=_FOR_AGENTS, result_path=None)
        task.add_retry(
            errors=["States.ALL"], max_attempts=_AGENT_RETRIES, interval=Duration.seconds(1), backoff_rate=2
        )
        return task

    def _invoke(
        self, state_name: str, function: lambda_.IFunction, *, given: tuple[str, ...], result_path: str | None
    ) -> tasks.LambdaInvoke:
        return tasks.LambdaInvoke(
            self,
            state_name,
            lambda_function=function,
            payload=sfn.TaskInput.from_object(
                {**_paths(_OWNER), **_paths(given), "attempt": sfn.JsonPath.number_at("$$.State.RetryCount")}
            ),
            payload_response_only=True,
            result_path=result_path,
            retry_on_service_exceptions=False,
        )


def _planned(agent: CivicAgent) -> dict[str, str]:
    # The agent's own statuses carry this id, so the planned agent and the running one are the same.
    return {"name": agent.name, "invocationId": f"{{% $states.input.jobId & '-{agent.key}' %}}"}


def _paths(names: tuple[str, ...]) -> dict[str, object]:
    return {name: sfn.JsonPath.object_at(f"$.{name}") for name in names}
