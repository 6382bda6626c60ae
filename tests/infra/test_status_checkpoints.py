"""The states that checkpoints add around other states, in both query languages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import jsonata
import pytest

from status_utils.transports.queue_messages import group_of
from statusbeam.cdk.workflows.invocation_ids import ITEM_LENGTH, KEY_LENGTH
from statusbeam.model.job_key import JobKey
from statusbeam.model.limits import BATCH_ID_LENGTH, ID_LENGTH, MAX_LEASE_SECONDS
from tests.infra.message_groups import group_for

if TYPE_CHECKING:
    from aws_cdk import Stack
    from aws_cdk import aws_stepfunctions as sfn

    from statusbeam.cdk.workflows.status_checkpoints import StatusCheckpoints

State = dict[str, Any]
LANGUAGES = ["JSONPath", "JSONata"]
FUNCTION = "arn:aws:lambda:eu-west-1:000000000000:function:f"
QUEUE = "arn:aws:sqs:eu-west-1:000000000000:q.fifo"


class Workflow:
    """A machine of plain states in one query language, and its states once it is synthesised."""

    def __init__(self, language: str, transport: str = "queue", **options: Any) -> None:
        # Imported late: these start Node, which only these tests need.
        from aws_cdk import App, Stack, aws_lambda, aws_sqs  # noqa: PLC0415
        from aws_cdk import aws_stepfunctions as sfn  # noqa: PLC0415

        from statusbeam.cdk.publishing.status_route import InvokeRoute, QueueRoute  # noqa: PLC0415
        from statusbeam.cdk.workflows.status_checkpoints import StatusCheckpoints  # noqa: PLC0415

        self._sfn, self._app = sfn, App(analytics_reporting=False)
        self.stack: Stack = Stack(self._app, "Plain")
        self._function = aws_lambda.Function.from_function_arn(self.stack, "F", FUNCTION)
        queue = aws_sqs.Queue.from_queue_arn(self.stack, "Q", QUEUE)
        self.language = sfn.QueryLanguage.JSONATA if language == "JSONata" else sfn.QueryLanguage.JSON_PATH
        self.checkpoints: StatusCheckpoints = StatusCheckpoints(
            self.stack,
            "Checkpoints",
            route=QueueRoute(queue) if transport == "queue" else InvokeRoute(self._function),
            query_language=self.language,
            **options,
        )

    def task(self, name: str) -> sfn.TaskStateBase:
        from aws_cdk import aws_stepfunctions_tasks as tasks  # noqa: PLC0415 - starts Node

        made = tasks.LambdaInvoke.jsonata if self.language.name == "JSONATA" else tasks.LambdaInvoke.json_path
        return made(self.stack, name, lambda_function=self._function, retry_on_service_exceptions=False)

    def passing(self, name: str) -> sfn.Pass:
        """A state that can't catch errors."""
        return self._sfn.Pass(self.stack, name, query_language=self.language)

    def states(self, whole: sfn.IChainable) -> dict[str, State]:
        """All states by name, however deep they are."""
        body = self._sfn.DefinitionBody.from_chainable(whole)
        self._sfn.StateMachine(self.stack, "Machine", definition_body=body, query_language=self.language)
        resources = self._app.synth().stacks[0].template["Resources"].values()
        (machine,) = [r for r in resources if r["Type"] == "AWS::StepFunctions::StateMachine"]
        text = machine["Properties"]["DefinitionString"]
        if not isinstance(text, str):
            text = "".join(part if isinstance(part, str) else "x" for part in text["Fn::Join"][1])
        return dict(_all_states(json.loads(text)))


def _all_states(machine: dict[str, Any]) -> Iterator[tuple[str, State]]:
    for name, state in machine["States"].items():
        yield name, state
        for inner in (*state.get("Branches", ()), *filter(None, [state.get("ItemProcessor")])):
            yield from _all_states(inner)


def update(state: State) -> State:
    arguments = state["Arguments"]
    return dict(
        arguments["MessageBody"] if "MessageBody" in arguments else arguments["Payload"]["updates"][0]
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wrapped_state_keeps_its_input_and_its_output(language: str) -> None:
    workflow = Workflow(language)
    states = workflow.states(workflow.checkpoints.agent(workflow.task("Locate"), "Geo Agent"))
    scope = states["Geo Agent with its status"]
    if language == "JSONata":
        assert scope["Arguments"] == {
            "input": "{% $states.input %}",
            "retries": "{% $states.context.State.RetryCount %}",
        }
        assert scope["Output"] == "{% $states.result[0] %}"
    else:
        assert scope["Parameters"] == {"input.$": "$", "retries.$": "$$.State.RetryCount"}
        assert scope["OutputPath"] == "$[0]"
    assert states["Begin Geo Agent"]["Output"] == "{% $states.input.input %}"
    for name in ("started", "finished", "failed"):
        assert states[f"Report Geo Agent {name}"]["Output"] == "{% $states.input %}"
        (catch,) = states[f"Report Geo Agent {name}"]["Catch"]
        assert (catch["ErrorEquals"], catch["Output"]) == (["States.ALL"], "{% $states.input %}")


@pytest.mark.parametrize("value", [None, 0, "", "{% 1 %}", {}, [], [5], [[]], [[1, 2]], [None], {"a": [1]}])
def test_jsonata_passes_every_value_on_unchanged(value: Any) -> None:
    """JSONata itself makes little difference between a value and a list of one."""
    for expression, states in (
        ("$states.input", {"input": value}),
        ("$states.input.input", {"input": {"input": value, "retries": 0}}),
        ("$states.result[0]", {"result": [value]}),
    ):
        assert jsonata.Jsonata(expression).evaluate(None, {"states": states}) == value


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_error_is_reported_and_then_raised_again(language: str) -> None:
    workflow = Workflow(language)
    states = workflow.states(workflow.checkpoints.agent(workflow.task("Locate"), "Geo Agent"))
    assert states["Locate"]["Catch"] == [{"ErrorEquals": ["States.ALL"], "Next": "Report Geo Agent failed"}]
    failed = states["Report Geo Agent failed"]
    assert update(failed)["status"] == "agent_error"
    raised = states[failed["Next"]]
    assert raised["Type"] == "Fail"
    assert "$states.input.Error" in raised["Error"]
    assert "$states.input.Cause" in raised["Cause"]
    assert "Cause" not in json.dumps(update(failed))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["a chain", "a state without Catch", "a state with its own Catch"])
def test_a_state_without_catch_is_wrapped_in_one_with_catch(language: str, kind: str) -> None:
    workflow = Workflow(language)
    work: Any = workflow.passing("First")
    if kind == "a chain":
        work = work.next(workflow.task("Second"))
    elif kind == "a state with its own Catch":
        work = workflow.task("Second").add_catch(work)
    states = workflow.states(workflow.checkpoints.agent(work, "Geo Agent"))
    scope = states["Run Geo Agent"]
    assert scope["Type"] == "Parallel"
    assert [catch["Next"] for catch in scope["Catch"]] == ["Report Geo Agent failed"]
    whole = scope["Output"] if language == "JSONata" else scope["OutputPath"]
    assert whole == ("{% $states.result[0] %}" if language == "JSONata" else "$[0]")


def test_retries_and_catches_of_the_wrapped_state_are_those_that_its_caller_adds() -> None:
    workflow = Workflow("JSONPath")
    geo = workflow.checkpoints.agent(workflow.task("Locate"), "Geo Agent")
    geo.add_retry(errors=["TimeoutError"], max_attempts=4)
    geo.add_catch(workflow.passing("Caught"), errors=["KeyError"], result_path="$.problem")
    scope = workflow.states(geo)["Geo Agent with its status"]
    assert scope["Retry"] == [{"ErrorEquals": ["TimeoutError"], "MaxAttempts": 4}]
    assert scope["Catch"] == [{"ErrorEquals": ["KeyError"], "ResultPath": "$.problem", "Next": "Caught"}]


def test_ids_come_from_execution_name_item_and_attempt_and_never_from_a_reports_own_retries() -> None:
    workflow = Workflow("JSONPath")
    states = workflow.states(
        workflow.checkpoints.agent(workflow.task("Check"), "Check Agent", item="order.id", parent="Geo Agent")
    )
    begin = states["Begin Check Agent"]["Assign"]
    (invocation,) = [value for name, value in begin.items() if name.startswith("invocation_")]
    (attempt,) = [value for name, value in begin.items() if name.startswith("attempt_")]
    assert "$states.context.Execution.Id" in invocation
    assert "'-Check-Agent'" in invocation
    assert "$states.input.input.(order.id)" in invocation
    assert attempt == "{% $states.input.retries + 1 %}"
    for name in ("started", "finished", "failed"):
        report = states[f"Report Check Agent {name}"]
        arguments = report["Arguments"]
        assert arguments["MessageDeduplicationId"] == update(report)["batchId"]
        assert f"'-{name}' & ($n := $states.context.Execution.RedriveCount;" in update(report)["batchId"]
        assert "RetryCount" not in json.dumps(arguments)
        assert "'-Geo-Agent'" in update(report)["parentInvocationId"]


def test_work_that_sends_no_heartbeats_is_not_stale_before_the_longest_lambda_is_over() -> None:
    from aws_cdk import Duration  # noqa: PLC0415 - starts Node

    workflow = Workflow("JSONPath")
    usual = workflow.checkpoints.agent(workflow.task("Locate"), "Geo Agent")
    patient = workflow.checkpoints.agent(workflow.task("Ask"), "Human", silence=Duration.hours(8))
    states = workflow.states(usual.next(patient))
    for name, seconds in (("Geo Agent", 15 * 60), ("Human", 8 * 3_600)):
        assert update(states[f"Report {name} started"])["metadata"] == {"leaseSeconds": seconds}
        assert "metadata" not in update(states[f"Report {name} finished"])


def test_a_silence_longer_than_a_day_is_refused() -> None:
    from aws_cdk import Duration  # noqa: PLC0415 - starts Node

    workflow = Workflow("JSONPath")
    longest = Duration.seconds(MAX_LEASE_SECONDS)
    workflow.checkpoints.agent(workflow.task("Ask"), "Human", silence=longest)
    with pytest.raises(ValueError, match="Clerk: silence must be a day at most"):
        workflow.checkpoints.agent(workflow.task("File"), "Clerk", silence=longest.plus(Duration.seconds(1)))


def test_variables_of_nested_agents_do_not_meet() -> None:
    workflow = Workflow("JSONPath")
    inner = workflow.checkpoints.agent(workflow.task("Locate"), "Geo Agent", parent="Planner")
    states = workflow.states(workflow.checkpoints.agent(inner, "Planner"))
    names = [set(states[f"Begin {name}"]["Assign"]) for name in ("Geo Agent", "Planner")]
    assert not names[0] & names[1]
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,79}", name) for found in names for name in found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_parent_of_an_agent_in_a_map_is_the_run_for_that_item(language: str) -> None:
    workflow = Workflow(language)
    inner = workflow.checkpoints.agent(workflow.task("Check"), "Check Agent", item="$", parent="Order Agent")
    states = workflow.states(workflow.checkpoints.agent(inner, "Order Agent", item="orderId"))
    (variable,) = [
        name for name, value in states["Begin Order Agent"]["Assign"].items() if "orderId" in value
    ]
    for what in ("started", "finished", "failed"):
        said = update(states[f"Report Check Agent {what}"])
        assert said["parentInvocationId"] == f"{{% ${variable} %}}"


def test_a_job_begins_with_the_plan_of_its_agents_and_ends_with_one_final_status() -> None:
    workflow = Workflow("JSONPath")
    geo = workflow.checkpoints.agent(workflow.task("Locate"), "Geo Agent")
    check = workflow.checkpoints.agent(workflow.task("Check"), "Check Agent", item="$")
    states = workflow.states(
        workflow.checkpoints.job(
            geo.next(check), done="{% $states.input.words %}", title="Orders", result={"a": 1}
        )
    )
    start, end = update(states["Report the start"]), update(states["Report the end"])
    assert start["metadata"]["title"] == "Orders"
    plan = start["metadata"]["plan"]
    # How many items there will be is not known; the one agent that is has the id of its own statuses.
    assert [step["name"] for step in plan] == ["Geo Agent"]
    assert plan[0]["invocationId"] in states["Begin Geo Agent"]["Assign"].values()
    assert (end["status"], end["message"], end["metadata"]) == (
        "complete",
        "{% $states.input.words %}",
        {"result": {"a": 1}},
    )
    assert [catch["Next"] for catch in states["Run the job"]["Catch"]] == ["Report the failure"]
    assert update(states["Report the failure"])["status"] == "error"


def test_the_owner_may_be_somewhere_else_in_the_executions_input() -> None:
    workflow = Workflow("JSONPath", owner="$states.context.Execution.Input.detail")
    states = workflow.states(workflow.checkpoints.status("Say", "validating", "Checking"))
    said = states["Say"]["Arguments"]
    owner = {"jobId": "50 % #7", "tenantId": "city%"}
    assert group_for(said, {"detail": owner}) == group_of(JobKey("city%", "50 % #7"))
    assert update(states["Say"])["tenantId"] == "{% ($states.context.Execution.Input.detail).tenantId %}"


def test_where_the_publisher_is_invoked_checkpoints_invoke_it_too() -> None:
    workflow = Workflow("JSONPath", transport="invoke")
    states = workflow.states(workflow.checkpoints.agent(workflow.task("Locate"), "Geo Agent"))
    report = states["Report Geo Agent started"]
    assert report["Resource"].endswith(":states:::lambda:invoke")
    assert update(report)["agentName"] == "Geo Agent"
    assert "'-started'" in report["Arguments"]["Payload"]["batchId"]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        pytest.param("Geo-Agent", "another state of this workflow", id="the same id"),
        pytest.param("…", "no letter or digit", id="no id at all"),
    ],
)
def test_a_name_is_refused_when_it_makes(name: str, complaint: str) -> None:
    workflow = Workflow("JSONPath")
    workflow.checkpoints.agent(workflow.task("Locate"), "Geo Agent")
    with pytest.raises(ValueError, match=complaint):
        workflow.checkpoints.agent(workflow.task("Other"), name)


def test_the_longest_ids_are_within_the_limits() -> None:
    invocation = 16 + 1 + KEY_LENGTH + 1 + ITEM_LENGTH
    assert invocation <= ID_LENGTH
    assert invocation + len("-99999-finished-999") <= BATCH_ID_LENGTH


def evaluated(expression: str, *, redrives: int | None, **bindings: Any) -> Any:
    """Evaluate JSONata like Step Functions, because the emulator has no redrives."""
    execution = {} if redrives is None else {"RedriveCount": redrives}
    states = {"context": {"Execution": execution, "State": {"EnteredTime": "2026-11-20T09:30:00.123Z"}}}
    text = expression.removeprefix("{%").removesuffix("%}")
    return jsonata.Jsonata(text).evaluate(None, {"states": states, **bindings})


@pytest.mark.parametrize(("redrives", "attempt"), [(None, 1), (0, 1), (1, 2), (3, 4)])
def test_statuses_of_the_job_have_the_attempt_that_the_closer_counts(
    redrives: int | None, attempt: int
) -> None:
    workflow = Workflow("JSONPath")
    states = workflow.states(workflow.checkpoints.job(workflow.task("Locate")))
    for name in ("Report the start", "Report the end", "Report the failure"):
        assert evaluated(update(states[name])["attempt"], redrives=redrives) == attempt


@pytest.mark.parametrize(("redrives", "attempt"), [(None, 3), (0, 3), (1, None)])
def test_an_agents_attempts_are_its_retries_until_a_redrive_restarts_their_count(
    redrives: int | None, attempt: int | None
) -> None:
    workflow = Workflow("JSONPath")
    states = workflow.states(workflow.checkpoints.agent(workflow.task("Locate"), "Geo Agent"))
    started = update(states["Report Geo Agent started"])
    assert evaluated(started["attempt"], redrives=redrives, attempt_Geo_Agent=3) == attempt
    ids = {"invocation_Geo_Agent": "i", "attempt_Geo_Agent": 3}
    batch_id = "i-3-started" if not redrives else f"i-3-started-{redrives}"
    assert evaluated(started["batchId"], redrives=redrives, **ids) == batch_id


@pytest.mark.parametrize("language", LANGUAGES)
def test_waiting_work_reports_its_wait_before_it_begins(language: str) -> None:
    from aws_cdk import Duration  # noqa: PLC0415 - starts Node

    workflow = Workflow(language)
    asked = "{% $states.input.question %}"
    ask = workflow.checkpoints.waiting(
        workflow.task("Ask"), "Approval", what="approval", prompt=asked, until=Duration.days(7)
    )
    states = workflow.states(ask)
    started, waits = states["Report Approval started"], states["Report Approval waiting"]
    assert (started["Next"], waits["Next"]) == ("Report Approval waiting", "Ask")
    assert "metadata" not in update(started)
    waiting = update(waits)["metadata"]["waiting"]
    assert (update(waits)["status"], waiting["for"], waiting["prompt"]) == ("waiting", "approval", asked)
    assert evaluated(waiting["until"], redrives=0) == "2026-11-27T09:30:00.123Z"
    assert waits["Output"] == "{% $states.input %}"
    assert states["Ask"]["Next"] == "Report Approval finished"


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_approval_hands_its_token_to_nobody_but_the_function_that_keeps_it(language: str) -> None:
    from aws_cdk import Duration  # noqa: PLC0415 - starts Node

    from statusbeam.cdk import Approvals, LibraryLayer  # noqa: PLC0415 - starts Node

    workflow = Workflow(language)
    approvals = Approvals(workflow.stack, "Approvals", library=LibraryLayer(workflow.stack, "Library"))
    states = workflow.states(
        workflow.checkpoints.approval(
            approvals, "Approval", prompt="{% $states.input.question %}", timeout=Duration.minutes(5)
        )
    )
    ask, waits = states["Ask Approval"], update(states["Report Approval waiting"])
    assert ask["Resource"].endswith(":states:::lambda:invoke.waitForTaskToken")
    assert ask["TimeoutSeconds"] == 300
    payload = ask["Arguments"]["Payload"]
    assert payload["taskToken"] == "{% $states.context.Task.Token %}"
    assert payload["invocationId"] == "{% $invocation_Approval %}"
    assert payload["askedAt"] == "{% $asked_Approval %}"
    assert states["Begin Approval"]["Assign"]["asked_Approval"] == "{% $states.context.State.EnteredTime %}"
    reports = [state for name, state in states.items() if name.startswith(("Begin", "Report"))]
    assert len(reports) == 5
    assert "Task.Token" not in json.dumps(reports)
    assert waits["metadata"]["waiting"].items() >= {"for": "approval", "answerable": True}.items()
    assert evaluated(waits["metadata"]["waiting"]["until"], redrives=0) == "2026-11-20T09:35:00.123Z"


def test_the_next_state_gets_the_input_with_the_answer() -> None:
    answer = {"approved": False, "by": "olga", "comment": "too loud"}
    given = {"states": {"input": {"order": 7}, "result": answer}}
    merged = jsonata.Jsonata("$merge([$states.input, {'approval': $states.result}])").evaluate(None, given)
    assert merged == {"order": 7, "approval": answer}
