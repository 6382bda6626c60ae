"""Lambda assets: complete, with the same bytes from every build."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from importlib.metadata import distribution
from pathlib import Path

import pytest

from statusbeam.assets import WHEELS
from statusbeam.cdk.bundling import (
    CANARY_PINS,
    CLIENT,
    LIBRARY,
    LOG,
    PUBLISHER_PINS,
    TOKEN_PINS,
    Bundle,
    BundleError,
    build_bundle,
    function_sources,
)

ROOT = Path(__file__).parents[2]
# What Lambda's Python runtime ships.
SDK = ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3")


@pytest.fixture(scope="module")
def publisher(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return publisher_bundle(tmp_path_factory.mktemp("build"))


def publisher_bundle(build: Path) -> Bundle:
    return build_bundle(
        sources=function_sources("status_publisher"), requirements=PUBLISHER_PINS, build=build
    )


def package(root: Path, **files: str) -> None:
    (root / "pack").mkdir(exist_ok=True)
    for name, text in files.items():
        (root / "pack" / f"{name}.py").write_text(text)


def test_two_builds_in_two_places_are_equal(publisher: Bundle, tmp_path: Path) -> None:
    again = publisher_bundle(tmp_path)
    assert again.path != publisher.path
    assert (again.digest, again.path.name) == (publisher.digest, publisher.path.name)


def test_times_and_modes_do_not_depend_on_the_build(publisher: Bundle) -> None:
    entries = list(publisher.path.rglob("*"))
    assert {time.gmtime(entry.stat().st_mtime).tm_year for entry in entries} == {1980}
    assert {oct(entry.stat().st_mode & 0o777) for entry in entries} == {"0o644", "0o755"}


def test_the_publisher_brings_pure_python_and_no_sdk(publisher: Bundle) -> None:
    assert not list(publisher.path.rglob("*.so"))
    assert not list(publisher.path.rglob("__pycache__"))
    assert not {"boto3", "botocore", "bin"} & {entry.name for entry in publisher.path.iterdir()}


def test_equal_inputs_are_built_once(tmp_path: Path) -> None:
    package(tmp_path, one="ONE = 1")
    first = build_bundle(sources=("pack",), roots=(tmp_path,), build=tmp_path / "build")
    inode = first.path.stat().st_ino
    (tmp_path / "pack" / "one.py").touch()
    (tmp_path / "pack" / "__pycache__").mkdir()
    (tmp_path / "pack" / "__pycache__" / "one.cpython-311.pyc").write_bytes(b"compiled here")
    second = build_bundle(sources=("pack",), roots=(tmp_path,), build=tmp_path / "build")
    assert (second, second.path.stat().st_ino) == (first, inode)


def test_a_changed_source_is_another_bundle(tmp_path: Path) -> None:
    package(tmp_path, one="ONE = 1")
    first = build_bundle(sources=("pack",), roots=(tmp_path,), build=tmp_path / "build")
    package(tmp_path, one="ONE = 2")
    second = build_bundle(sources=("pack",), roots=(tmp_path,), build=tmp_path / "build")
    assert second.digest != first.digest
    assert (first.path / "pack" / "one.py").read_text() == "ONE = 1"


def test_a_build_needs_neither_pip_nor_network(tmp_path: Path) -> None:
    program = (
        "import socket, subprocess, sys; from pathlib import Path; "
        "socket.socket = subprocess.Popen = sys.modules['pip'] = None; "
        "from statusbeam.cdk.bundling import PUBLISHER_PINS, build_bundle; "
        f"print(build_bundle(sources=(), requirements=PUBLISHER_PINS, build=Path({str(tmp_path)!r})).path)"
    )
    built = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (Path(built.stdout.strip()) / "requests" / "__init__.py").is_file()


def test_a_source_that_is_nowhere_stops_the_build(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=rf"lambdas/nothing is missing in {tmp_path}"):
        build_bundle(sources=("lambdas/nothing",), roots=(tmp_path,), build=tmp_path / "build")
    assert list((tmp_path / "build").iterdir()) == []


def test_sources_keep_their_path_under_the_prefix(tmp_path: Path) -> None:
    package(tmp_path, one="ONE = 1")
    bundle = build_bundle(sources=("pack",), prefix="python", roots=(tmp_path,), build=tmp_path / "build")
    assert (bundle.path / "python" / "pack" / "one.py").is_file()


def test_a_wheel_that_differs_from_its_pin_stops_the_build(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for wheel in WHEELS.glob("*.whl"):
        (wheels / wheel.name).write_bytes(wheel.read_bytes())
    (idna,) = wheels.glob("idna-*.whl")
    idna.write_bytes(idna.read_bytes() + b"!")
    build = tmp_path / "build"
    with pytest.raises(BundleError, match=r"no wheel of idna==\S+ with a hash of requirements.txt"):
        build_bundle(sources=(), requirements=PUBLISHER_PINS, wheels=wheels, build=build)
    assert list(build.iterdir()) == []


def test_the_wheels_are_those_of_the_pins_and_run_everywhere() -> None:
    text = "".join(pins.read_text() for pins in (PUBLISHER_PINS, TOKEN_PINS, CANARY_PINS))
    pins = set(re.findall(r"^([\w.-]+)==", text, re.MULTILINE))  # two functions may carry the same
    wheels = [wheel.name for wheel in WHEELS.glob("*.whl")]
    assert sorted(name.split("-")[0].replace("_", "-") for name in wheels) == sorted(pins)
    assert [name for name in wheels if not name.endswith("-none-any.whl")] == []
    # Without a marker a pin counts for every Python, and so does the one bundle.
    assert ";" not in text


@pytest.mark.parametrize(
    ("requirements", "names"),
    [
        (PUBLISHER_PINS, {"aws-lambda-powertools", "requests"}),
        (TOKEN_PINS, {"pyjwt"}),
        (CANARY_PINS, {"aws-lambda-powertools", "pyjwt", "websockets"}),
    ],
)
def test_the_functions_pins_are_those_of_the_project(requirements: Path, names: set[str]) -> None:
    locked = set(re.findall(r"^([\w.-]+==\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    pinned = set(re.findall(r"^([\w.-]+==\S+)", requirements.read_text(), re.MULTILINE))
    assert pinned <= locked
    assert {pin.partition("==")[0] for pin in pinned} >= names
    assert "http" not in requirements.read_text()


@pytest.fixture(scope="module")
def lambda_runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the SDK as Lambda ships it, and nothing else of the virtual environment."""
    folder = tmp_path_factory.mktemp("runtime")
    for name in SDK:
        found = distribution(name)
        for top in {
            file.parts[0] for file in found.files or () if not file.parts[0].startswith((".", "__py"))
        }:
            (folder / top).symlink_to(found.locate_file(top))  # type: ignore[arg-type]  # a path in practice
    return folder


@pytest.mark.parametrize(
    ("modules", "sources", "requirements"),
    [
        (
            "lambdas.status_publisher.handler",
            (*function_sources("status_publisher"), *LOG),
            PUBLISHER_PINS,
        ),
        ("lambdas.status_detail.handler", (*function_sources("status_detail"), *LOG), None),
        (
            # The handler imports the second one at its first token.
            "lambdas.view_token_authorizer.handler, status_utils.tokens.signed_jwt",
            function_sources("view_token_authorizer"),
            TOKEN_PINS,
        ),
        (
            # The probe imports the others at its first token and its connection.
            "lambdas.canary.handler, status_utils.tokens.signed_jwt, websockets.asyncio.client",
            (*function_sources("canary"), *CLIENT),
            CANARY_PINS,
        ),
        ("lambdas.execution_closer.handler", function_sources("execution_closer"), None),
        (
            "lambdas.pre_token_generation.handler",
            function_sources("pre_token_generation"),
            None,
        ),
        ("examples.civic_complaints.handlers", ("examples/__init__.py", "examples/civic_complaints"), None),
    ],
)
def test_a_function_finds_all_it_imports_in_its_bundle_its_layer_and_the_runtime(
    lambda_runtime: Path, modules: str, sources: tuple[str, ...], requirements: Path | None
) -> None:
    bundle = build_bundle(sources=sources, requirements=requirements)
    layers = [] if set(LOG) < set(sources) else [build_bundle(sources=LIBRARY, prefix="python")]
    # Lambda's own order: the function, its layers, then what the runtime ships.
    search_path = [str(bundle.path), *(str(layer.path / "python") for layer in layers), str(lambda_runtime)]
    module = modules.partition(",")[0]
    program = (
        f"import sys; sys.path += {search_path!r}; import {modules}; import boto3; print({module}.__file__)"
    )
    finished = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={"AWS_DEFAULT_REGION": "us-east-1", "PATH": os.defpath},
    )
    assert finished.stderr == ""
    assert Path(finished.stdout.strip()).is_relative_to(bundle.path)
