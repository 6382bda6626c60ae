"""The street fair's state machine: agents look into it, a person decides, and a permit is issued or not.

The agents report by themselves. The orchestrator and the approval report through states of their own.
"""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra.example.logged_machine import LoggedMachine
from statusbeam.cdk.options import ResourceOptions
from statusbeam.cdk.publishing.status_route import StatusRoute
from statusbeam.cdk.workflows.approvals import Approvals
from statusbeam.cdk.workflows.status_checkpoints import StatusCheckpoints

DECISION_TIME = Duration.minutes(10)
_INQUIRIES = {"traffic": "Traffic Agent", "weather": "Weather Agent", "neighbours": "Neighbour Agent"}
_AGENT_RETRIES = 2
_PLAN = (
    *({"name": name} for name in _INQUIRIES.values()),
    {"name": "Permit Agent", "dependsOn": [*_INQUIRIES.values()]},
    {"name": "Approval", "dependsOn": ["Permit Agent"]},
    {"name": "Notice Agent", "dependsOn": ["Approval"]},
)


class FairWorkflow(LoggedMachine):
    """Its input is `{jobId, userId, tenantId, street, month, visitors, pace?, weatherFailures?}`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        log_group_name: str,
        resources: ResourceOptions,
        agent: lambda_.IFunction,
        approvals: Approvals,
        route: StatusRoute,
    ) -> None:
        super().__init__(scope, construct_id, log_group_name=log_group_name, resources=resources)
        self._agent = agent
        self._reports = StatusCheckpoints(self, "Checkpoints", route=route)
        self.state_machine = self._machine(self._definition(approvals), timeout=Duration.minutes(15))

    def _definition(self, approvals: Approvals) -> sfn.IChainable:
        inquiries = sfn.Parallel(self, "Inquire", result_path="$.findings")
        for key, name in _INQUIRIES.items():
            inquiries.branch(self._task(name, key))
        permit = self._task("Permit Agent", "permit", given=("findings",), result_path="$.permit")
        approval = self._reports.approval(
            approvals, "Approval", prompt="{% $states.input.permit.question %}", timeout=DECISION_TIME
        )
        notice = self._task("Notice Agent", "notice", given=("permit", "approval"), result_path="$.result")
        failed = self._end("Failure", "The job failed because one of its agents failed.")
        late = self._end("Lateness", "The decision did not come in time, so the permit is not issued.")
        approval.add_catch(late, errors=["States.Timeout"], result_path="$.failure")
        for step in (inquiries, permit, approval, notice):
            step.add_catch(failed, result_path="$.failure")
        decision = sfn.Choice(self, "Approved?").when(
            sfn.Condition.boolean_equals("$.approval.approved", True), notice.next(self._issued())
        )
        decision.otherwise(self._rejected())
        return self._started().next(inquiries).next(permit).next(approval).next(decision)

    def _started(self) -> sfn.Chain:
        return self._reports.status(
            "Report the start",
            "loading_agents",
            "Reading the application for a street fair.",
            metadata={
                "title": "{% 'Street fair on ' & $states.input.street %}",
                "plan": list(_PLAN),
                # Estimates come from earlier runs of the same workflow and version.
                "workflow": "street-fair",
                "workflowVersion": "1",
            },
        )

    def _issued(self) -> sfn.Chain:
        complete = self._reports.status(
            "Report the permit",
            "complete",
            "{% 'Permit ' & $states.input.result.permitNumber & ' is issued.' %}",
            metadata={"result": "{% $sift($states.input.result, function($v, $k) {$k != 'agent'}) %}"},
        )
        return complete.next(sfn.Succeed(self, "Issued"))

    def _rejected(self) -> sfn.Chain:
        why = "$states.input.approval.comment"
        cancelled = self._reports.status(
            "Report the rejection",
            "cancelled",
            f"{{% $exists({why}) ? 'The permit was rejected: ' & {why} : 'The permit was rejected.' %}}",
        )
        return cancelled.next(sfn.Succeed(self, "Rejected"))

    def _end(self, what: str, message: str) -> sfn.Chain:
        # The error's message may name ARNs. The status of the failed agent has the reason.
        fail = sfn.Fail(self, what, error=what, cause="The job's log has the failed agent and the reason.")
        return self._reports.status(f"Report the {what.lower()}", "error", message).next(fail)

    def _task(
        self, name: str, key: str, *, given: tuple[str, ...] = (), result_path: str | None = None
    ) -> tasks.LambdaInvoke:
        """One agent with its retries. Step Functions counts the attempts."""
        payload: dict[str, object] = {
            "agent": key,
            "attempt": sfn.JsonPath.number_at("$$.State.RetryCount"),
            "job": sfn.JsonPath.object_at("$$.Execution.Input"),
        }
        payload |= {field: sfn.JsonPath.object_at(f"$.{field}") for field in given}
        task = tasks.LambdaInvoke(
            self,
            name,
            lambda_function=self._agent,
            payload=sfn.TaskInput.from_object(payload),
            payload_response_only=True,
            result_path=result_path,
            retry_on_service_exceptions=False,
        )
        task.add_retry(
            errors=["States.ALL"],
            max_attempts=_AGENT_RETRIES,
            interval=Duration.seconds(1),
            backoff_rate=2,
        )
        return task
