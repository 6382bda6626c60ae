"""The grants of each role, all statements compared, so that a wider grant fails like a missing one."""

from __future__ import annotations

from typing import Any

import pytest

from statusbeam.model.settings import CANCEL_REQUESTED, EVENT_SOURCE, WAITING_ANSWERED
from tests.infra.synthesised import EXAMPLE_STACKS, STATUS_STACKS, WEB_STACKS, Resource, Stack

Grants = dict[str, set[str]]

OWN_LOG = {"own log": {"logs:CreateLogStream", "logs:PutLogEvents"}}
TRACES = {"*": {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}}


def described(stack: Stack, resource: Any, roles_log: str | None) -> str:
    """A policy's resource in words that no hash gets into."""
    if isinstance(resource, str):
        return resource
    if "Fn::Select" in resource:  # a part of an ARN
        resource = resource["Fn::Select"][1]["Fn::Split"][1]
    if "Ref" in resource or "Fn::FindInMap" in resource:
        return str(resource.get("Ref") or resource["Fn::FindInMap"][0])
    if "Fn::GetAtt" in resource:
        name = resource["Fn::GetAtt"][0]
        if name == roles_log:
            return "own log"
        target = next(r for r in stack.resources if r.name == name)
        return str(target.properties.get("Handler") or named(target))
    if "Fn::ImportValue" in resource:
        return imported(str(resource["Fn::ImportValue"]))
    parts = [p if isinstance(p, str) else described(stack, p, roles_log) for p in resource["Fn::Join"][1]]
    return "".join(parts)


def imported(export: str) -> str:
    name = export.partition("FnGetAtt")[2]
    return "status queue" if "StatusesQueue" in name else name[: len("StatusPublisherFunction")]


def named(target: Resource) -> str:
    if target.type == "AWS::DynamoDB::Table":
        return "table " + str(target.properties["KeySchema"][0]["AttributeName"])
    if target.type == "AWS::SQS::Queue":
        kind = "statuses" if target.properties.get("FifoQueue") else "failed invokes"
        return f"queue of {kind}"
    if target.type == "AWS::SecretsManager::Secret":
        return str(target.properties["Description"])
    return target.type


def grants(stack: Stack, role: Any, own_log: str | None = None) -> Grants:
    """The allowed actions of a role, by resource. Refuses statements that are not plain allows."""
    name = role["Fn::GetAtt"][0]
    found: Grants = {}
    for policy in stack.all("AWS::IAM::Policy"):
        if {"Ref": name} not in policy.properties["Roles"]:
            continue
        for statement in policy.properties["PolicyDocument"]["Statement"]:
            # A condition narrows what is allowed.
            assert set(statement) - {"Condition"} == {"Action", "Effect", "Resource"}
            assert statement["Effect"] == "Allow"
            actions, resources = listed(statement["Action"]), listed(statement["Resource"])
            for resource in resources:
                found.setdefault(described(stack, resource, own_log), set()).update(actions)
    role_properties = next(r.properties for r in stack.resources if r.name == name)
    assert "ManagedPolicyArns" not in role_properties
    assert "Policies" not in role_properties
    return found


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def function_grants(stack: Stack, handler: str) -> Grants:
    properties = stack.function(handler).properties
    own_log = properties["LoggingConfig"]["LogGroup"]["Ref"]
    return grants(stack, properties["Role"], own_log)


@pytest.mark.parametrize("name", STATUS_STACKS)
def test_the_publisher_may_commit_look_up_sessions_and_call_one_mutation(
    stacks: dict[str, Stack], name: str
) -> None:
    found = function_grants(stacks[name], "status_publisher.handler.handler")
    mutation = next(resource for resource in found if "appsync" in resource)
    assert mutation.endswith("/types/Mutation/fields/publishStatus")
    assert found == {
        **OWN_LOG,
        **TRACES,
        mutation: {"appsync:GraphQL"},
        "table pk": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"},
        "table tenant_id": {"dynamodb:Query"},
        "AWS::S3::Bucket/*": {"s3:PutObject"},
        "queue of failed invokes": {"sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"},
        "queue of statuses": {
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ReceiveMessage",
        },
    }


@pytest.mark.parametrize("name", STATUS_STACKS)
def test_the_detail_reader_may_read_a_detail_whose_key_it_knows(stacks: dict[str, Stack], name: str) -> None:
    assert function_grants(stacks[name], "status_detail.handler.handler") == {
        **OWN_LOG,
        **TRACES,
        "AWS::S3::Bucket/*": {"s3:GetObject"},
    }


@pytest.mark.parametrize("name", STATUS_STACKS)
def test_requests_may_be_published_and_announced_as_what_they_are(
    stacks: dict[str, Stack], name: str
) -> None:
    found = function_grants(stacks[name], "job_requests.handler.handler")
    bus = next(resource for resource in found if ":events:" in resource)
    assert bus.endswith(":event-bus/default")
    assert found == {
        **OWN_LOG,
        **TRACES,
        "lambdas.status_publisher.handler.handler": {"lambda:InvokeFunction"},
        bus: {"events:PutEvents"},
    }
    conditions = [
        statement.get("Condition")
        for policy in stacks[name].all("AWS::IAM::Policy")
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if statement["Action"] == "events:PutEvents"
    ]
    only = {"events:source": EVENT_SOURCE, "events:detail-type": [CANCEL_REQUESTED, WAITING_ANSWERED]}
    assert conditions == [None if name == "Local-Status" else {"StringEquals": only}]


@pytest.mark.parametrize("name", STATUS_STACKS)
def test_the_authorizer_may_read_its_secret(stacks: dict[str, Stack], name: str) -> None:
    assert function_grants(stacks[name], "view_token_authorizer.handler.handler") == {
        **OWN_LOG,
        **TRACES,
        "Signs view tokens": {"secretsmanager:GetSecretValue"},
    }


def test_the_canary_may_report_issue_its_tokens_and_look(stacks: dict[str, Stack]) -> None:
    stack = stacks["Prod-Status"]
    assert function_grants(stack, "canary.handler.handler") == {
        **OWN_LOG,
        "*": TRACES["*"] | {"lambda:ListEventSourceMappings"},
        "lambdas.status_publisher.handler.handler": {
            "lambda:GetFunctionConcurrency",
            "lambda:GetFunctionConfiguration",
            "lambda:InvokeFunction",
        },
        "queue of statuses": {"sqs:GetQueueAttributes", "sqs:SendMessage"},
        "Signs view tokens": {"secretsmanager:GetSecretValue"},
        "table pk": {"dynamodb:GetItem", "dynamodb:Query"},
        "table tenant_id": {"dynamodb:GetItem"},
    }
    role = stack.function("canary.handler.handler").properties["Role"]["Fn::GetAtt"][0]
    keys = {
        tuple(statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"])
        for policy in stack.all("AWS::IAM::Policy")
        if {"Ref": role} in policy.properties["Roles"]
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if "dynamodb:" in str(statement["Action"])
    }
    absent = "statusbeam-doctor-*"
    assert keys == {(absent, "JOB#*#statusbeam-doctor-*"), (absent,)}


@pytest.mark.parametrize("name", ["Dev-Status", "Prod-Status"])
def test_the_rotation_may_change_the_secret_of_view_tokens(stacks: dict[str, Stack], name: str) -> None:
    assert function_grants(stacks[name], "view_token_rotation.handler.handler") == {
        **OWN_LOG,
        **TRACES,
        "Signs view tokens": {
            "secretsmanager:DescribeSecret",
            "secretsmanager:GetSecretValue",
            "secretsmanager:PutSecretValue",
            "secretsmanager:UpdateSecretVersionStage",
        },
    }


@pytest.mark.parametrize("name", STATUS_STACKS)
def test_the_token_trigger_may_do_nothing_but_log(stacks: dict[str, Stack], name: str) -> None:
    assert function_grants(stacks[name], "pre_token_generation.handler.handler") == {**OWN_LOG, **TRACES}


@pytest.mark.parametrize("name", STATUS_STACKS)
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "Status",
            {
                "table pk": {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"},
                "table pk/index/byUser": {"dynamodb:Query"},
                "table pk/index/byTenant": {"dynamodb:Query"},
            },
        ),
        ("Details", {"lambdas.status_detail.handler.handler": {"lambda:InvokeFunction"}}),
        ("Requests", {"lambdas.job_requests.handler.handler": {"lambda:InvokeFunction"}}),
        (
            "Sessions",
            {
                "table tenant_id": {
                    "dynamodb:DeleteItem",
                    "dynamodb:GetItem",
                    "dynamodb:PutItem",
                    "dynamodb:Query",
                    "dynamodb:UpdateItem",
                }
            },
        ),
    ],
)
def test_resolvers_read_statuses_and_write_sessions(
    stacks: dict[str, Stack], name: str, source: str, expected: Grants
) -> None:
    role = stacks[name].one("AWS::AppSync::DataSource", Name=source).properties["ServiceRoleArn"]
    assert grants(stacks[name], role) == expected


@pytest.mark.parametrize("name", STATUS_STACKS)
def test_the_api_may_write_to_its_own_log_alone(stacks: dict[str, Stack], name: str) -> None:
    stack = stacks[name]
    role = stack.one("AWS::AppSync::GraphQLApi").properties["LogConfig"]["CloudWatchLogsRoleArn"]
    groups = [r for r in stack.all("AWS::Logs::LogGroup") if "/aws/appsync" in str(r.properties)]
    assert len(groups) == 1
    assert grants(stack, role, own_log=groups[0].name) == OWN_LOG


BY_INVOKE = {"StatusPublisherFunction": {"lambda:InvokeFunction"}}
BY_QUEUE = {"status queue": {"sqs:SendMessage"}}
PLACES = {"geo-places:Geocode"}
MODEL = {"bedrock:InvokeModel"}
CLOSER = "execution_closer.handler.handler"


@pytest.mark.parametrize(
    ("handler", "publishes", "tools"),
    [
        pytest.param("geo_agent", True, PLACES, id="geo"),
        pytest.param("category_agent", True, MODEL, id="category"),
        pytest.param("severity_agent", True, MODEL, id="severity"),
        pytest.param("load_playbook", False, set(), id="playbook"),
        pytest.param("validate", False, set(), id="validate"),
        pytest.param("synthesize", False, set(), id="synthesize"),
    ],
)
def test_agents_may_report_to_the_publisher_and_use_their_own_tool(
    stacks: dict[str, Stack], handler: str, publishes: bool, tools: set[str]
) -> None:
    expected = {**OWN_LOG, **TRACES, **(BY_QUEUE if publishes else {})}
    assert function_grants(stacks["Local-Example"], f"handlers.{handler}") == expected
    on_aws = function_grants(stacks["Dev-Example"], f"handlers.{handler}")
    more = {resource: actions for resource, actions in on_aws.items() if resource not in expected}
    assert {resource: on_aws[resource] for resource in expected} == expected
    assert {action for actions in more.values() for action in actions} == tools
    assert not any(resource.endswith("*") for resource in more)
    assert {resource for resource in more if "foundation-model" in resource} == (
        {"arn:AWS::Partition:bedrock:*::foundation-model/amazon.nova-lite-v1:0"} if tools == MODEL else set()
    )


CIVIC = {"geo_agent", "category_agent", "severity_agent", "load_playbook", "validate", "synthesize"}
CIVIC_FUNCTIONS = {f"examples.civic_complaints.handlers.{handler}" for handler in CIVIC}
FAIR_FUNCTIONS = {"examples.street_fair.handlers.agent", "lambdas.approvals.handler.handler"}


@pytest.mark.parametrize("name", ["Dev-Example", "Local-Example"])
@pytest.mark.parametrize(
    ("state", "functions"), [("RunAgents", CIVIC_FUNCTIONS), ("Inquire", FAIR_FUNCTIONS)]
)
def test_a_state_machine_may_invoke_its_functions_and_no_versions(
    stacks: dict[str, Stack], name: str, state: str, functions: set[str]
) -> None:
    machine = stacks[name].machine(state).properties
    found = grants(stacks[name], machine["RoleArn"])
    observed = found.pop("*")
    assert found == {**BY_QUEUE, **{function: {"lambda:InvokeFunction"} for function in functions}}
    assert {action.partition(":")[0] for action in observed} == {"logs", "xray"}


@pytest.mark.parametrize("name", ["Dev-Example", "Local-Example"])
def test_the_fairs_agent_may_report_and_nothing_else(stacks: dict[str, Stack], name: str) -> None:
    found = function_grants(stacks[name], "street_fair.handlers.agent")
    assert found == {**OWN_LOG, **TRACES, **BY_QUEUE}


@pytest.mark.parametrize("name", ["Dev-Example", "Local-Example"])
def test_approvals_may_keep_what_waits_and_answer_their_machine_only(
    stacks: dict[str, Stack], name: str
) -> None:
    found = function_grants(stacks[name], "approvals.handler.handler")
    # The emulator does not know which machine a token is of.
    machine = "*" if name == "Local-Example" else stacks[name].machine("Inquire").name
    answering = {machine: {"states:SendTaskSuccess"}}
    expected = {
        **OWN_LOG,
        "table job": {"dynamodb:DeleteItem", "dynamodb:UpdateItem"},
        "queue of failed invokes": {"sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"},
    }
    assert found == {**expected, "*": TRACES["*"] | answering.pop("*", set()), **answering}


def test_where_the_publisher_is_invoked_nobody_may_use_the_queue(invoking_stacks: dict[str, Stack]) -> None:
    example = invoking_stacks["Dev-Example"]
    agents = [function_grants(example, f"handlers.{name}") for name in ("geo_agent", "agent")]
    machines = [grants(example, machine.properties["RoleArn"]) for machine in example.machines]
    for found in (*agents, *machines):
        assert found["StatusPublisherFunction"] == {"lambda:InvokeFunction"}
        assert "status queue" not in found


@pytest.mark.parametrize("name", ["Dev-Example", "Local-Example"])
def test_the_closer_may_report_and_read_executions_of_its_machines(
    stacks: dict[str, Stack], name: str
) -> None:
    found = function_grants(stacks[name], CLOSER)
    executions = [resource for resource in found if ":states:" in resource]
    machines = [machine.name for machine in stacks[name].machines]
    assert sorted(arn.split(":")[-2] for arn in executions) == sorted(machines)
    assert all(arn.endswith(":*") for arn in executions)
    assert found == {
        **OWN_LOG,
        **TRACES,
        **BY_QUEUE,
        **{arn: {"states:DescribeExecution"} for arn in executions},
        "queue of failed invokes": {"sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"},
    }


@pytest.mark.parametrize("name", ["Dev-Example", "Local-Example"])
def test_the_stopper_may_stop_executions_of_its_machines_and_keep_which_run(
    stacks: dict[str, Stack], name: str
) -> None:
    found = function_grants(stacks[name], "execution_stopper.handler.handler")
    executions = [resource for resource in found if ":states:" in resource]
    machines = [machine.name for machine in stacks[name].machines]
    assert sorted(arn.split(":")[-2] for arn in executions) == sorted(machines)
    assert all(arn.endswith(":*") for arn in executions)
    assert found == {
        **OWN_LOG,
        **TRACES,
        "table job": {"dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"},
        **{arn: {"states:DescribeExecution", "states:StopExecution"} for arn in executions},
        "queue of failed invokes": {"sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"},
    }


def test_where_the_publisher_is_invoked_the_closer_does_so_too(invoking_stacks: dict[str, Stack]) -> None:
    found = function_grants(invoking_stacks["Dev-Example"], CLOSER)
    assert BY_INVOKE.items() <= found.items()
    assert "status queue" not in found


@pytest.mark.parametrize("name", [*STATUS_STACKS, *EXAMPLE_STACKS, *WEB_STACKS])
def test_an_aws_service_may_call_a_function_for_one_resource_of_ours_only(
    stacks: dict[str, Stack], name: str
) -> None:
    # Without a source, anybody's AppSync API could ask our authorizer about tokens.
    for permission in stacks[name].all("AWS::Lambda::Permission"):
        source = permission.properties["SourceArn"]
        assert source.get("Ref") or source["Fn::GetAtt"][1] in ("Arn", "GraphQLApiArn", "Id"), permission.name
