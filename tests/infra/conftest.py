"""The stacks of all stages, synthesised once: the checks of infra/compliance.py run with them."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.bundling import ROOT
from tests.infra.synthesised import APPSYNC_URL, TODAY, Stack

if TYPE_CHECKING:
    from aws_cdk import App


@pytest.fixture(scope="session", autouse=True)
def node_beside_the_interpreter() -> None:
    """The construct library runs in the Node of the virtual environment, whatever the PATH says."""
    node = Path(sys.executable).with_name("node")
    if node.exists():
        os.environ["JSII_NODE"] = str(node)


@pytest.fixture(scope="session")
def stacks(node_beside_the_interpreter: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stack]:
    """By name without the prefix: Dev-Status, Dev-Example, Prod-Status, Local-Status, Local-Example."""
    from infra.stacks import add_stages  # noqa: PLC0415 - starts Node, which only these tests need

    app = _app(tmp_path_factory)
    add_stages(app, today=TODAY, appsync_url_override=APPSYNC_URL)
    return _synthesised(app)


@pytest.fixture(scope="session")
def invoking_stacks(
    node_beside_the_interpreter: None, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Stack]:
    """Dev-Status and Dev-Example of a stage whose code invokes the publisher instead of using the queue."""
    from infra.compliance import add_checks  # noqa: PLC0415 - starts Node, which only these tests need
    from infra.stacks import add_stage  # noqa: PLC0415 - the same
    from infra.stage import DEV  # noqa: PLC0415 - the same

    app = _app(tmp_path_factory)
    add_stage(app, replace(DEV, status_transport="invoke"), today=TODAY)
    add_checks(app)
    return _synthesised(app)


def _app(tmp_path_factory: pytest.TempPathFactory) -> App:
    from aws_cdk import App  # noqa: PLC0415 - starts Node, which only these tests need

    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    return App(outdir=str(tmp_path_factory.mktemp("cdk.out")), context=context, analytics_reporting=False)


def _synthesised(app: App) -> dict[str, Stack]:
    return {
        artifact.stack_name.removeprefix("Statusbeam-"): Stack(
            artifact.template, Path(artifact.template_full_path)
        )
        for artifact in app.synth().stacks
    }
