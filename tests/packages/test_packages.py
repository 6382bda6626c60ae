"""The products that people install: the wheel in a clean environment and an empty folder, with old and new
constructs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest

from statusbeam.assets import RESOLVERS, WHEELS
from statusbeam.cdk.bundling import LIBRARY, build_bundle, tree_digest
from tests.documents import DOCS, blocks
from tests.e2e.node_client import CLIENTS, node
from tests.packages.conftest import NODE, PROJECT, ROOT, SECONDS, UV, Place

GUIDE = {
    block.file: block.code for block in blocks(DOCS / "tutorials" / "cdk-app.md") if block.file is not None
}
"""The files of the guide to an app of one's own, by name."""
PYTHONS = ("3.11", "3.12", "3.13", "3.14")

# the wheel


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    (name,) = [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".dist-info/METADATA")]
    return Parser().parsestr(zipfile.ZipFile(wheel).read(name).decode())


def test_two_builds_in_two_places_are_equal_byte_for_byte(
    wheel: Path, build_wheel: Callable[[Path], Path], tmp_path: Path
) -> None:
    assert build_wheel(tmp_path).read_bytes() == wheel.read_bytes()


def test_it_installs_two_packages_and_nothing_else(names: set[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"status_utils", "statusbeam"}


def test_it_carries_what_the_product_is_made_of(names: set[str]) -> None:
    assets = "statusbeam/assets"
    carried = {f"{assets}/graphql/schema.graphql", f"{assets}/app.py", f"{assets}/cdk.json"}
    carried |= {f"{assets}/graphql/dist/{path.name}" for path in RESOLVERS.iterdir()}
    carried |= {f"{assets}/lambdas/wheels/{path.name}" for path in WHEELS.glob("*.whl")}
    for folder in ("lambdas", "infra", "examples/civic_complaints"):
        carried |= {f"{assets}/{path.relative_to(ROOT)}" for path in (ROOT / folder).rglob("*.py")}
    carried |= {f"{assets}/lambdas/requirements{kind}.txt" for kind in ("", "-tokens", "-canary")}
    carried |= {f"{assets}/web/dashboard/dist/index.html", "status_utils/py.typed", "statusbeam/py.typed"}
    assert sorted(carried - names) == []
    assert not any("__pycache__" in name or "/tests/" in name or "/." in name for name in names - NPM)


NPM = {"statusbeam/localcloud/cdk_cli/.npmrc"}


def test_its_metadata_has_its_requirements(metadata: Message) -> None:
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "Apache-2.0"
    extras = {
        "bridge",
        "cdk",
        "cli",
        "direct",
        "langchain",
        "local",
        "openai-agents",
        "pydantic-ai",
        "strands",
    }
    assert extras <= set(metadata.get_all("Provides-Extra", []))
    assert [need for need in metadata.get_all("Requires-Dist", []) if "extra ==" not in need] == []
    assert "Programming Language :: Python :: 3.14" in metadata.get_all("Classifier", [])


# the library alone


@pytest.fixture(scope="module")
def bare(place: Callable[..., Place]) -> Place:
    """The wheel without any extra: nothing else is installed."""
    return place()


def test_without_extras_the_library_works(bare: Place) -> None:
    program = (
        "from status_utils import MemoryTransport, job\n"
        "memory = MemoryTransport()\n"
        "with job(job_id='j', user_id='u', tenant_id='t', transport=memory) as j:\n"
        "    with j.agent('Geo Agent'): pass\n"
        "print([update['status'] for payload in memory.sent for update in payload['updates']])\n"
    )
    assert "agent_complete" in bare.python(program)


def test_without_extras_the_command_names_the_one_that_it_lacks(bare: Place) -> None:
    said = bare.run("statusbeam", "jobs", fails=True)
    assert said == "statusbeam: the command needs more packages: pip install 'statusbeam[cli]'.\n"


# the constructs


def oldest(requirement: str) -> str:
    """The oldest version that an extra claims to work with, pinned."""
    (found,) = [need for need in PROJECT["optional-dependencies"]["cdk"] if need.startswith(requirement)]
    version = re.search(r">=([\d.]+)", found)
    assert version is not None, f"{found} has no lower bound"
    return f"{requirement}=={version[1]}{'.0' * (2 - version[1].count('.'))}"


def synthesise(at: Place) -> dict[str, Any]:
    """Run `app.py` as the CDK CLI does; the templates by stack."""
    out = at.folder / "cdk.out"
    at.run("python", "app.py", variables={"CDK_OUTDIR": str(out), "JSII_NODE": str(NODE)})
    return {path.name.split(".")[0]: json.loads(path.read_text()) for path in out.glob("*.template.json")}


def test_the_tutorials_app_synthesises_with_the_oldest_constructs_beside_an_infra_package_of_its_own(
    place: Callable[..., Place],
) -> None:
    at = place("[cdk]", oldest("aws-cdk-lib"), oldest("constructs"))
    app = f"import infra\n\nassert infra.MINE\n{GUIDE['app.py']}"
    at.write({**GUIDE, "app.py": app, "infra/__init__.py": "MINE = True\n"})
    at.python("import importlib.util, sys; sys.exit(importlib.util.find_spec('pip') is not None)")
    template = synthesise(at)["MyAgents"]
    functions = {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Lambda::Function" and "Handler" in resource["Properties"]
    }
    assert {"lambdas.status_publisher.handler.handler", "handler.handler"} <= {
        properties["Handler"] for properties in functions.values()
    }
    assert "WebUrl" in template["Outputs"]
    bundles = [path for path in (at.folder / "cdk.out").glob("asset.*") if path.is_dir()]
    assert [
        path for path in bundles if (path / "statusbeam" / "log").is_dir() and (path / "requests").is_dir()
    ]
    layer = build_bundle(sources=LIBRARY, prefix="python")
    assert layer.digest in {tree_digest(path) for path in bundles}


# a laptop


def test_the_built_in_app_synthesises_from_the_wheel(laptop: Place) -> None:
    found = laptop.python("from statusbeam.assets import ASSETS; print(ASSETS)").strip()
    out = laptop.folder / "built-in"
    program = (
        f"import os, runpy, sys; os.chdir({found!r}); sys.path.insert(0, {found!r}); "
        "sys.dont_write_bytecode = True; runpy.run_path('app.py')"
    )
    context = json.dumps({"stage": "local", "statusbeam:localcloud": "http://127.0.0.1:4000/graphql"})
    laptop.python(program, {"CDK_OUTDIR": str(out), "CDK_CONTEXT_JSON": context})
    assert {path.name for path in out.glob("*.template.json")} == {
        "Statusbeam-Local-Status.template.json",
        "Statusbeam-Local-Example.template.json",
    }
    assert Path(found).is_relative_to(laptop.environment)


# the layer


def interpreter(version: str) -> str | None:
    """A Python of this version that is on this machine."""
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    found = subprocess.run(
        [UV, "python", "find", "--no-python-downloads", "--no-project", "--system", version],
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or (str(pyenv[-1]) if pyenv else None)


def pythons() -> list[str]:
    """The Pythons of this machine that Lambda has: this one, and whichever others there are."""
    others = [version for version in PYTHONS if not sys.version.startswith(f"{version}.")]
    return [sys.executable, *filter(None, map(interpreter, others))]


@pytest.fixture(scope="module")
def layer(dist: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layer's zip."""
    folder = tmp_path_factory.mktemp("layer")
    built = build_bundle(sources=LIBRARY, prefix="python", build=folder / "built")
    dist.write_zip(built.path, folder / "layer.zip")
    return folder / "layer.zip"


REPORT = """
from status_utils import MemoryTransport, job, report_progress
memory = MemoryTransport()
with job(job_id='j', user_id='u', tenant_id='t', transport=memory) as j, j.agent('Geo Agent'):
    report_progress(0.5, 'half')
"""
FLUSH = """
from status_utils import flush
with job(job_id='k', user_id='u', tenant_id='t', transport=memory) as k:
    for number in range(100):
        k.status("validating", str(number))
        assert flush(30)
        assert memory.sent[-1]["updates"][-1]["message"] == str(number)
"""
PRINT = "print(*(update['status'] for payload in memory.sent for update in payload['updates']))\n"


def test_functions_of_every_python_here_report_with_the_layers_zip(layer: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(layer).extractall(tmp_path / "opt")
    program = f"import sys; sys.path.insert(0, {str(tmp_path / 'opt' / 'python')!r}){REPORT}{FLUSH}{PRINT}"
    for python in pythons():
        done = subprocess.run(
            [python, "-I", "-S", "-B", "-W", "error", "-c", program],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        assert done.stderr == "", python
        assert done.stdout.split()[-1] == "complete"
        assert "agent_complete" in done.stdout


def test_python_3_14_imports_all_of_the_layers_zip_and_reports_with_it(layer: Path) -> None:
    # Few machines have this Python yet; npm has it for WebAssembly. Without threads, the test itself sends.
    program = f"""
import importlib, pkgutil, sys, warnings
warnings.simplefilter("error")
sys.path.insert(0, "/opt/python")
{REPORT}
j.sender.pump()
{PRINT}
print(*sys.version_info[:2])
missing = set()
for module in pkgutil.walk_packages(["/opt/python"]):
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        missing.add(error.name.split(".")[0])
print(*missing)
"""
    ran = subprocess.run(
        [node(), "python.mjs"],
        cwd=CLIENTS,
        input=json.dumps({"zip": str(layer), "program": program}),
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]  # Node also prints the line of its own bundle that failed
    reported, version, missing = ran.stdout.splitlines()
    assert reported.split() == ["loading_agents", "agent_invoking", "progress", "agent_complete", "complete"]
    assert version == "3 14"
    assert set(missing.split()) == {"agents", "botocore", "jwt", "langchain_core", "pydantic_ai", "strands"}
