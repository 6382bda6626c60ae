"""Workflows of Lambda functions without Statusbeam, with and without checkpoints around them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks

from statusbeam.cdk.publishing.status_route import QueueRoute
from statusbeam.cdk.workflows.status_checkpoints import StatusCheckpoints
from statusbeam.model.job_key import JobKey
from tests.e2e.cloud import Cloud, Update, fresh_id
from tests.e2e.waiting import wait_for

TENANT_ID = "city"
ACCOUNT = "000000000000"
FUNCTION = "plain-workflow"
CODE = """
import pathlib

def handler(event, context):
    step = event.pop("step", None)
    trouble = event["trouble"]
    if trouble.get(step) == "once":
        marker = pathlib.Path(trouble["marker"])
        if not marker.exists():
            marker.touch()
            raise TimeoutError("arn:aws:secret")
    if trouble.get(step) == "always":
        raise KeyError("arn:aws:secret")
    return {**event, "done": [*event["done"], step]}
"""

Definition = dict[str, Any]
Around = Callable[[sfn.IChainable, str], sfn.IChainable]


@dataclass(frozen=True, kw_only=True)
class Ended:
    """An execution that is over."""

    status: str
    output: Any
    error: str | None
    cause: str | None


def run(states: Any, machine: str, job: Mapping[str, Any]) -> Ended:
    """An execution of a machine, once it is over."""
    arn = states.start_execution(stateMachineArn=machine, input=json.dumps(job))["executionArn"]

    def ended() -> Any:
        found = states.describe_execution(executionArn=arn)
        return None if found["status"] == "RUNNING" else found

    found = wait_for("the end of the execution", ended)
    output = json.loads(found["output"]) if "output" in found else None
    return Ended(status=found["status"], output=output, error=found.get("error"), cause=found.get("cause"))


class Workflows:
    """Makes machines on a localcloud and runs them."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._states = cloud.aws("stepfunctions")
        self._function = f"arn:aws:lambda:{cloud.outputs.region}:{ACCOUNT}:function:{FUNCTION}"
        name = cloud.outputs.status_queue_url.rpartition("/")[2]
        self._queue = f"arn:aws:sqs:{cloud.outputs.region}:{ACCOUNT}:{name}"
        self._make_function()

    def plain(self) -> Definition:
        """The workflow as its authors wrote it."""
        return self._synthesised(lambda stack: _steps(stack, self._function, lambda work, name: work))

    def reporting(self) -> Definition:
        """The same with checkpoints around each step, each item and the whole."""

        def whole(stack: Stack) -> sfn.IChainable:
            checkpoints = self._checkpoints(stack)
            items = {"Check Agent": "orderId"}
            return checkpoints.job(
                _steps(
                    stack,
                    self._function,
                    lambda work, name: checkpoints.agent(work, name, item=items.get(name)),
                ),
                done="{% $states.input.done[-1] & ' was last' %}",
            )

        return self._synthesised(whole)

    def catching(self) -> Definition:
        """One reporting step with its caller's own Catch behind it."""

        def whole(stack: Stack) -> sfn.IChainable:
            locate = self._checkpoints(stack).agent(_call(stack, self._function, "Locate"), "Geo Agent")
            caught = sfn.Pass(stack, "Caught")
            return locate.add_catch(caught, errors=["States.ALL"], result_path="$.problem")

        return self._synthesised(whole)

    def nested(self) -> Definition:
        """An agent within the agent that looks at each order."""

        def whole(stack: Stack) -> sfn.IChainable:
            checkpoints = self._checkpoints(stack)
            check = _call(stack, self._function, "Check")
            rules = checkpoints.agent(check, "Rule Agent", item="orderId", parent="Check Agent")
            return _for_each_order(stack, checkpoints.agent(rules, "Check Agent", item="orderId"))

        return self._synthesised(whole)

    def run(self, definition: Definition, job: Mapping[str, Any]) -> Ended:
        """A new machine's first execution, once it is over."""
        machine = self._states.create_state_machine(
            name=fresh_id("plain"), definition=json.dumps(definition), roleArn=self._role
        )["stateMachineArn"]
        return run(self._states, machine, job)

    def log(self, job_id: str, entries: int) -> list[Update]:
        """A job's log, once it has this many entries."""
        wait_for(f"{entries} entries of {job_id}", lambda: len(self._log(job_id)) >= entries)
        return self._log(job_id)

    def _log(self, job_id: str) -> list[Update]:
        return self._cloud.log(JobKey(TENANT_ID, job_id))

    def _checkpoints(self, stack: Stack) -> StatusCheckpoints:
        queue = sqs.Queue.from_queue_arn(stack, "Statuses", self._queue)
        return StatusCheckpoints(stack, "Checkpoints", route=QueueRoute(queue))

    def _synthesised(self, whole: Callable[[Stack], sfn.IChainable]) -> Definition:
        app = App(analytics_reporting=False)
        stack = Stack(app, "Plain")
        body = sfn.DefinitionBody.from_chainable(whole(stack))
        sfn.StateMachine(stack, "Machine", definition_body=body)
        resources = app.synth().get_stack_by_name("Plain").template["Resources"].values()
        (machine,) = [r for r in resources if r["Type"] == "AWS::StepFunctions::StateMachine"]
        return dict(json.loads(self._filled_in(machine["Properties"]["DefinitionString"])))

    def _filled_in(self, value: Any) -> str:
        known = {"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}
        parts = [value] if isinstance(value, str) else value["Fn::Join"][1]
        text = "".join(part if isinstance(part, str) else known[part["Ref"]] for part in parts)
        url = self._queue_url(text)
        return text.replace(url, self._cloud.outputs.status_queue_url) if url else text

    def _queue_url(self, text: str) -> str | None:
        # An imported queue's URL is put together as on AWS; the emulator's has another host.
        name = self._queue.rpartition(":")[2]
        end = text.find(f"/{ACCOUNT}/{name}")
        return None if end < 0 else text[text.rindex("https://", 0, end) : end] + f"/{ACCOUNT}/{name}"

    def _make_function(self) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("plain.py", CODE)
        self._cloud.aws("lambda").create_function(
            FunctionName=FUNCTION,
            Runtime="python3.13",
            Handler="plain.handler",
            Role=self._new_role("plain-function", "lambda", []),
            Code={"ZipFile": packed.getvalue()},
        )

    @cached_property
    def _role(self) -> str:
        allowed = [("lambda:InvokeFunction", self._function), ("sqs:SendMessage", self._queue)]
        return self._new_role("plain-machine", "states", allowed)

    def _new_role(self, name: str, service: str, allowed: list[tuple[str, str]]) -> str:
        iam = self._cloud.aws("iam")
        trust = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}}
        role = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=_policy({**trust, "Action": "sts:AssumeRole"})
        )
        statements = [{"Effect": "Allow", "Action": action, "Resource": arn} for action, arn in allowed]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=_policy(*statements))
        return str(role["Role"]["Arn"])


def _policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _steps(stack: Stack, function: str, around: Around) -> sfn.IChainable:
    """Locate, with a retry; each order checked; a chain of two."""
    locate = around(_call(stack, function, "Locate"), "Geo Agent")
    if isinstance(locate, tasks.LambdaInvoke | sfn.Parallel):
        locate.add_retry(errors=["States.ALL"], max_attempts=1, interval=Duration.seconds(1))
    orders = _for_each_order(stack, around(_call(stack, function, "Check"), "Check Agent"))
    chain = sfn.Pass(stack, "Prepare").next(_call(stack, function, "Route"))
    return sfn.Chain.start(locate).next(orders).next(around(chain, "Route Agent"))


def _for_each_order(stack: Stack, work: sfn.IChainable) -> sfn.Map:
    orders = sfn.Map(stack, "Orders", items_path="$.orders", result_path="$.checked", max_concurrency=1)
    return orders.item_processor(work)


def _call(stack: Stack, function: str, step: str) -> tasks.LambdaInvoke:
    return tasks.LambdaInvoke(
        stack,
        step,
        lambda_function=lambda_.Function.from_function_arn(stack, f"{step}Function", function),
        payload=sfn.TaskInput.from_object(
            {
                "step": step,
                "done": sfn.JsonPath.object_at("$.done"),
                "trouble": sfn.JsonPath.object_at("$.trouble"),
                "orders": sfn.JsonPath.object_at("$.orders"),
            }
        ),
        payload_response_only=True,
        retry_on_service_exceptions=False,
    )
