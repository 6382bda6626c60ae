"""The documentation's blocks of CDK code build stacks; the tutorials' apps synthesise in an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn

from statusbeam.cdk import Statusbeam, StatusCheckpoints
from tests.documents import DOCS, Block, blocks, is_of_an_app, runnable
from tests.infra.synthesised import new_app


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


GIVEN: dict[str, Callable[[cdk.Stack, str], Any]] = {
    **dict.fromkeys(("locate_task", "check_task", "draft", "review", "ask_task"), sfn.Pass),
    **dict.fromkeys(("function", "acme_agent"), function),
    **dict.fromkeys(("hook", "chat"), secretsmanager.Secret),
    "bus": events.EventBus,
    "closer": lambda stack, name: SimpleNamespace(dead_letters=sqs.Queue(stack, name)),
    "checkpoints": lambda stack, name: StatusCheckpoints(stack, name, route=Statusbeam(stack, "Route").route),
    "machine": machine,
    "status": lambda stack, _: Statusbeam(stack, "Given"),
}
TUTORIALS = {
    "cdk-app": ("AWS::Lambda::Function", "STATUS_QUEUE_URL"),
    "step-functions-workflow": ("AWS::StepFunctions::StateMachine", "agent_invoking"),
}
"""Their apps: what reports in each, and a word by which it is known."""


class Dictionary(dict[str, Any]):
    """What the pages' prose speaks of before a block uses it, made when the block asks for it."""

    def __missing__(self, name: str) -> Any:
        return GIVEN[name](self["self"], name)


@pytest.mark.parametrize("block", [block for block in runnable("python") if is_of_an_app(block)], ids=str)
def test_a_block_builds_a_stack(block: Block, tmp_path: Path) -> None:
    stack = cdk.Stack(new_app(tmp_path / "cdk.out"), "Stack")
    exec(compile(block.code, str(block), "exec"), {}, Dictionary(self=stack))  # noqa: S102 - our own page
    assert len(stack.node.find_all()) > 1


@pytest.mark.parametrize("tutorial", TUTORIALS)
def test_the_app_of_a_tutorial_synthesises_in_an_empty_folder(tutorial: str, tmp_path: Path) -> None:
    for block in blocks(DOCS / "tutorials" / f"{tutorial}.md"):
        if block.file:
            path = tmp_path / block.file
            path.parent.mkdir(exist_ok=True)
            path.write_text(block.code)
    environment = {**os.environ, "CDK_OUTDIR": "cdk.out"}
    ran = subprocess.run(
        [sys.executable, "app.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    (template,) = (tmp_path / "cdk.out").glob("*.template.json")
    resources = json.loads(template.read_text())["Resources"].values()
    assert "AWS::AppSync::GraphQLApi" in {each["Type"] for each in resources}
    kind, word = TUTORIALS[tutorial]
    assert [each for each in resources if each["Type"] == kind and word in json.dumps(each)]
