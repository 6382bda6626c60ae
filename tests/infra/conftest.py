"""The stacks of all stages, synthesised once: the checks of infra/compliance.py run with them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from infra.bundling import ROOT
from tests.infra.synthesised import APPSYNC_URL, TODAY, Stack


@pytest.fixture(scope="session", autouse=True)
def node_beside_the_interpreter() -> None:
    """The construct library runs in the Node of the virtual environment, whatever the PATH says."""
    node = Path(sys.executable).with_name("node")
    if node.exists():
        os.environ["JSII_NODE"] = str(node)


@pytest.fixture(scope="session")
def stacks(node_beside_the_interpreter: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stack]:
    """By name without the prefix: Dev-Status, Dev-Example, Prod-Status, Local-Status, Local-Example."""
    from aws_cdk import App  # noqa: PLC0415 - starts Node, which only these tests need

    from infra.stacks import add_stages  # noqa: PLC0415 - the same

    outdir = str(tmp_path_factory.mktemp("cdk.out"))
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = App(outdir=outdir, context=context, analytics_reporting=False)
    add_stages(app, today=TODAY, appsync_url_override=APPSYNC_URL)
    return {
        artifact.stack_name.removeprefix("Statusbeam-"): Stack(
            artifact.template, Path(artifact.template_full_path)
        )
        for artifact in app.synth().stacks
    }
