"""The released files: reproducible, with a matching SBOM and provenance."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).resolve().parents[3]
COMMIT = "0123456789" * 4


@pytest.fixture(scope="module")
def dist() -> ModuleType:
    """The script."""
    spec = importlib.util.spec_from_file_location("dist", ROOT / ".ci" / "dist.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["dist"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def source(dist: ModuleType) -> Any:
    return dist.Source(commit=COMMIT, committed_at=datetime(2026, 11, 28, tzinfo=UTC))


# products


def test_a_zip_depends_on_names_and_contents_only(dist: ModuleType, tmp_path: Path) -> None:
    for name, mode, seconds in (("one", 0o600, 1_000_000_000), ("two", 0o777, 1_700_000_000)):
        package = tmp_path / name / "python" / "status_utils"
        package.mkdir(parents=True)
        for file in ("defaults.py", "__init__.py") if name == "one" else ("__init__.py", "defaults.py"):
            (package / file).write_text(f"# {file}")
            (package / file).chmod(mode)
            os.utime(package / file, (seconds, seconds))
        dist.write_zip(tmp_path / name, tmp_path / f"{name}.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.namelist() == ["python/status_utils/__init__.py", "python/status_utils/defaults.py"]
        assert archive.read("python/status_utils/defaults.py") == b"# defaults.py"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    (tmp_path / "kept.py").write_text("# kept")
    (tmp_path / ".gitignore").write_text("left.py\n")
    git("add", ".")
    git("commit", "--message", "Begin")
    return tmp_path


def test_a_working_tree_that_differs_from_its_commit_is_not_released(
    dist: ModuleType, repository: Path
) -> None:
    assert re.fullmatch(r"[0-9a-f]{40}", dist.committed(repository).commit)
    (repository / "new.py").write_text("# new")
    with pytest.raises(dist.DistError, match=r"new\.py"):
        dist.committed(repository)


def test_files_outside_the_commit_are_not_released(
    dist: ModuleType, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (repository / "left.py").write_text("# ignored by git")
    tree = dist.exported(repository, dist.committed(repository), tmp_path_factory.mktemp("scratch"))
    assert {path.name for path in tree.iterdir()} == {"kept.py", ".gitignore"}


# SBOM


def contents(dist: ModuleType, source: Any, *, bundled: set[str]) -> dict[str, Any]:
    text = dist.sbom("1.2.3", source, pins=dist.pinned(ROOT / "requirements.lock"), bundled=bundled)
    assert text == dist.sbom(
        "1.2.3", source, pins=dist.pinned(ROOT / "requirements.lock"), bundled=bundled
    ), "two SBOMs of one commit differ"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    decoded: dict[str, Any] = json.loads(text)
    return decoded


def test_the_sbom_is_valid_and_has_what_the_wheel_needs_in_the_locked_versions(
    dist: ModuleType, source: Any
) -> None:
    bundled = {name for lock in dist.BUNDLED for name in dist.pinned(ROOT / lock)}
    bom = contents(dist, source, bundled=bundled)
    listed = {component["name"]: component for component in bom["components"]}
    pins = dist.pinned(ROOT / "requirements.lock")
    assert {name: one["version"] for name, one in listed.items()} == {name: pins[name] for name in listed}
    required = {name for name, one in listed.items() if one["scope"] == "required"}
    assert required == bundled
    assert {"aws-cdk-lib", "ministack", "rich", "cryptography"} <= set(listed) - required
    assert not {"pytest", "mypy", "ruff", "cyclonedx-python-lib"} & set(listed)
    assert bom["metadata"]["component"]["purl"] == "pkg:pypi/statusbeam@1.2.3"


def test_the_sbom_has_the_dependencies_of_each_package(dist: ModuleType, source: Any) -> None:
    bom = contents(dist, source, bundled=set())
    needed = {one["ref"].split("==")[0]: one.get("dependsOn", []) for one in bom["dependencies"]}
    assert any(ref.startswith("urllib3==") for ref in needed["requests"])
    assert any(ref.startswith("requests==") for ref in needed["statusbeam"])
    assert any(ref.startswith("cryptography==") for ref in needed["pyjwt"]), "an extra of a dependency"


def test_a_package_of_another_version_than_the_locked_one_is_not_released(
    dist: ModuleType, source: Any
) -> None:
    pins = {**dist.pinned(ROOT / "requirements.lock"), "requests": "0.0.1"}
    with pytest.raises(dist.DistError, match=r"requests \S+ is installed"):
        dist.sbom("1.2.3", source, pins=pins, bundled=set())


# provenance


def test_the_provenance_names_each_product_and_all_it_is_made_of(
    dist: ModuleType, source: Any, tmp_path: Path
) -> None:
    product = tmp_path / "statusbeam-1.2.3-py3-none-any.whl"
    product.write_bytes(b"a wheel")
    statement = dist.provenance(ROOT, [product], source, builder="https://ci.example.com/release")
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    digest = hashlib.sha256(b"a wheel").hexdigest()
    assert statement["subject"] == [{"name": product.name, "digest": {"sha256": digest}}]
    materials = {
        each["name"]: each["digest"]
        for each in statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    }
    assert materials.pop("source") == {"gitCommit": COMMIT}
    assert materials == {
        lock: {"sha256": hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()} for lock in dist.LOCKS
    }
    assert statement["predicate"]["runDetails"]["builder"] == {"id": "https://ci.example.com/release"}


def test_every_lock_file_that_a_product_is_built_with_is_a_material(dist: ModuleType) -> None:
    locks = {
        path.relative_to(ROOT).as_posix()
        for pattern in (
            "*.lock",
            "*package-lock.json",
            "lambdas/requirements*.txt",
            "statusbeam/**/package-lock.json",
            "statusbeam/**/requirements*.txt",
            ".ci/*.txt",
        )
        for path in ROOT.glob(pattern)
    }
    checks_only = {".ci/templates.txt"}
    assert (locks | {"graphql/package-lock.json"}) - checks_only == set(dist.LOCKS)


# what sets up everything else


@pytest.mark.parametrize("lock", [".ci/uv.txt", ".ci/build.txt", "requirements.lock"])
def test_every_package_is_locked_by_hash(dist: ModuleType, lock: str) -> None:
    blocks = re.split(r"\n(?=\S)", (ROOT / lock).read_text())
    packages = [block for block in blocks if "==" in block.split("\n")[0]]
    assert packages
    assert all("--hash=sha256:" in block for block in packages)


def test_the_makefiles_uv_and_the_builds_setuptools_are_the_locked_ones(dist: ModuleType) -> None:
    uv = dist.pinned(ROOT / ".ci" / "uv.txt")["uv"]
    assert f"UV_VERSION := {uv}\n" in (ROOT / "Makefile").read_text()
    required = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    assert required == [f"setuptools=={dist.pinned(ROOT / '.ci' / 'build.txt')['setuptools']}"]


def test_no_package_of_npm_runs_code_when_it_is_installed() -> None:
    found = [*ROOT.glob("package-lock.json")]
    for part in ("graphql", "statusbeam", "tests/e2e", "benchmarks"):
        found += [
            path for path in (ROOT / part).rglob("package-lock.json") if "node_modules" not in path.parts
        ]
    assert len(found) >= 5
    for lock in found:
        assert "ignore-scripts=true" in lock.with_name(".npmrc").read_text().splitlines(), lock
