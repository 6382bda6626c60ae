"""The documentation's blocks of CDK code build stacks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn

from statusbeam.cdk import ExecutionCloser, Statusbeam, StatusCheckpoints
from tests.documents import Block, is_of_an_app, runnable


def function(stack: cdk.Stack, name: str) -> lambda_.Function:
    """A function that does nothing."""
    code = lambda_.Code.from_inline("def handler(event, context): ...")
    return lambda_.Function(
        stack, name, runtime=lambda_.Runtime.PYTHON_3_14, handler="index.handler", code=code
    )


def machine(stack: cdk.Stack, name: str) -> sfn.StateMachine:
    """A machine of one state."""
    definition = sfn.DefinitionBody.from_chainable(sfn.Pass(stack, "Nothing"))
    return sfn.StateMachine(stack, name, definition_body=definition)


def closer(stack: cdk.Stack, name: str) -> ExecutionCloser:
    """The closer of a machine's executions."""
    return ExecutionCloser(
        stack, name, state_machines=[machine(stack, "Closed")], route=Statusbeam(stack, "Closing").route
    )


GIVEN: dict[str, Callable[[cdk.Stack, str], Any]] = {
    **dict.fromkeys(("locate_task", "check_task", "draft", "review", "ask_task"), sfn.Pass),
    **dict.fromkeys(("function", "acme_agent"), function),
    **dict.fromkeys(("hook", "chat"), secretsmanager.Secret),
    "bus": events.EventBus,
    "closer": closer,
    "orders_dead_letters": sqs.Queue,
    "checkpoints": lambda stack, name: StatusCheckpoints(stack, name, route=Statusbeam(stack, "Route").route),
    "machine": machine,
    "status": lambda stack, _: Statusbeam(stack, "Given"),
}


class Dictionary(dict[str, Any]):
    """The names that the pages' prose introduces, created when a block uses them."""

    def __missing__(self, name: str) -> Any:
        return GIVEN[name](self["self"], name)


@pytest.mark.parametrize("block", [block for block in runnable("python") if is_of_an_app(block)], ids=str)
def test_a_block_builds_a_stack(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    stack = cdk.Stack(cdk.App(outdir="cdk.out"), "Stack")
    exec(compile(block.code, str(block), "exec"), {}, Dictionary(self=stack))  # noqa: S102 - our own page
    assert len(stack.node.find_all()) > 1
