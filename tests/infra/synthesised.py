"""A synthesised stack for tests: resources by type and properties, never by a hashed name."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aws_cdk import App

ROOT = Path(__file__).parents[2]
TODAY = dt.date(2026, 11, 20)
APPSYNC_URL = "http://127.0.0.1:4000/graphql"
STATUS_STACKS = ["Dev-Status", "Prod-Status", "Local-Status"]
EXAMPLE_STACKS = ["Dev-Example", "Local-Example"]
WEB_STACKS = ["Dev-Web", "Prod-Web"]


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a template. `name` is its logical id, good for comparing, never for finding."""

    name: str
    type: str
    properties: dict[str, Any]


class Stack:
    """A synthesised stack: resources by type and properties, outputs by name."""

    def __init__(self, template: dict[str, Any], path: Path) -> None:
        self.path = path
        self.outputs: dict[str, Any] = template.get("Outputs", {})
        self.resources = [
            Resource(name, body["Type"], body.get("Properties", {}))
            for name, body in template["Resources"].items()
        ]

    def all(self, type_: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.type == type_]

    def one(self, type_: str, **properties: Any) -> Resource:
        """The only resource of a type with these properties."""
        wanted = properties.items()
        found = [r for r in self.all(type_) if all(r.properties.get(name) == value for name, value in wanted)]
        assert len(found) == 1, f"{len(found)} of {type_} with {properties}"
        return found[0]

    @property
    def machines(self) -> list[Resource]:
        """All state machines."""
        return self.all("AWS::StepFunctions::StateMachine")

    def machine(self, state: str) -> Resource:
        """The state machine that has a state of this name."""
        (found,) = [one for one in self.machines if f'"{state}":{{' in _text(one.properties)]
        return found

    def function(self, handler: str) -> Resource:
        """The function behind a handler, named by the end of its path."""
        found = [r for r in self.all("AWS::Lambda::Function") if r.properties["Handler"].endswith(handler)]
        assert len(found) == 1, f"{len(found)} functions {handler}"
        return found[0]


def _text(machine: dict[str, Any]) -> str:
    parts = machine["DefinitionString"]["Fn::Join"][1]
    return "".join(part for part in parts if isinstance(part, str))


def new_app(outdir: Path, context: Mapping[str, str] | None = None) -> App:
    """An app with the repository's own context, and more. What CDK's validation of templates finds is an
    error."""
    from aws_cdk import App  # noqa: PLC0415 - starts Node, which only these tests need

    flags = json.loads((ROOT / "cdk.json").read_text())["context"]
    strict = {"@aws-cdk/core:validateAgainstDefaultRules": True}
    return App(outdir=str(outdir), context={**flags, **strict, **(context or {})}, analytics_reporting=False)


def synthesised(app: App) -> dict[str, Stack]:
    """The stacks of an app, by name without the prefix; infra/checks.py checks them on the way."""
    return {
        artifact.stack_name.removeprefix("Statusbeam-"): Stack(
            artifact.template, Path(artifact.template_full_path)
        )
        for artifact in app.synth().stacks
    }
