"""Build what is released into dist/, with its SBOM (CycloneDX) and its provenance (in-toto, SLSA).

    python .ci/dist.py [--out FOLDER] [--builder URI]

The wheel and the layer are built from the commit, not from the working tree. What `make` built from the same
commit (resolvers, page) or downloaded by hash (the functions' wheels) is added. Two builds of one commit give
the same bytes. The provenance is not signed: sign it where you release.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import uuid
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from cyclonedx.contrib.this.builders import this_component
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from statusbeam.cdk.bundling import LIBRARY, build_bundle

ROOT = Path(__file__).resolve().parent.parent
LOCKS = (
    "requirements.lock",
    "lambdas/requirements.txt",
    "lambdas/requirements-tokens.txt",
    "lambdas/requirements-canary.txt",
    ".ci/uv.txt",
    ".ci/build.txt",
    "package-lock.json",
    "graphql/package-lock.json",
    "statusbeam/bridge/requirements.txt",
    "statusbeam/localcloud/cdk_cli/package-lock.json",
)
BUNDLED = (
    "lambdas/requirements.txt",
    "lambdas/requirements-tokens.txt",
    "lambdas/requirements-canary.txt",
)
"""The requirements of a deployment's functions. All others come with an extra."""

BUILT = ("graphql/dist", "lambdas/wheels", "web/dashboard/dist")
"""The files of the wheel that the commit does not have. `make dist` builds them first."""

PROJECT = "statusbeam"
CLIENT = "web/client"
LOCAL_BUILDER = "urn:statusbeam:builder:local"
BUILD_TYPE = "urn:statusbeam:build:make-dist:1"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip entry can hold


class DistError(Exception):
    """The release stopped. The message has the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The commit that is built."""

    commit: str
    committed_at: datetime


def main() -> int:
    parser = argparse.ArgumentParser(description="Build what is released into dist/.")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="the folder to fill")
    parser.add_argument("--builder", default=LOCAL_BUILDER, help="URI of who builds, for the provenance")
    chosen = parser.parse_args()
    try:
        build(ROOT, chosen.out, builder=chosen.builder)
    except DistError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for path in sorted(chosen.out.iterdir()):
        sys.stdout.write(f"{sha256(path)}  {path.name}\n")
    return 0


def build(root: Path, out: Path, *, builder: str) -> None:
    """Fill `out` with the products of the commit that is checked out at `root`. Raises DistError."""
    source = committed(root)
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        tree = exported(root, source, Path(scratch))
        layer = build_bundle(sources=LIBRARY, prefix="python", roots=(tree,), build=Path(scratch) / "layer")
        write_zip(layer.path, out / f"{PROJECT}-layer-{version}.zip")
        for folder in BUILT:
            shutil.copytree(root / folder, tree / folder)
        build_wheel(tree, out, source)
    write_zip(root / "web" / "dashboard" / "dist", out / f"{PROJECT}-page-{version}.zip")
    build_client(root, out)
    bundled = {name for lock in BUNDLED for name in pinned(root / lock)}
    contents = sbom(version, source, pins=pinned(root / "requirements.lock"), bundled=bundled)
    (out / f"{PROJECT}-{version}.cdx.json").write_text(contents)
    products = sorted(out.iterdir())
    statement = provenance(root, products, source, builder=builder)
    (out / f"{PROJECT}-{version}.intoto.json").write_text(json.dumps(statement, indent=2) + "\n")


# --- products ---------------------------------------------------------------------------------------------


def committed(root: Path) -> Source:
    """The commit at `root`. Raises DistError if the working tree differs from it."""
    changed = run(root, "git", "status", "--porcelain").strip()
    if changed:
        raise DistError(f"the working tree differs from the commit, and the provenance names it:\n{changed}")
    commit, seconds = run(root, "git", "log", "-1", "--format=%H %ct").split()
    return Source(commit=commit, committed_at=datetime.fromtimestamp(int(seconds), UTC))


def exported(root: Path, source: Source, folder: Path) -> Path:
    """The files of the commit, without other files of the working tree."""
    tree = folder / "source"
    run(root, "git", "archive", "--format=tar", f"--output={folder / 'source.tar'}", source.commit)
    shutil.unpack_archive(folder / "source.tar", tree, filter="data")
    return tree


def build_wheel(tree: Path, out: Path, source: Source) -> None:
    """The wheel. Its build dependencies are pinned by hash."""
    constraints = ("--build-constraints", str(tree / ".ci" / "build.txt"), "--require-build-hashes")
    command = ("uv", "build", "--quiet", "--wheel", *constraints, "--out-dir", str(out), ".")
    epoch = str(int(source.committed_at.timestamp()))
    run(tree, *command, environment={"SOURCE_DATE_EPOCH": epoch})
    (out / ".gitignore").unlink(missing_ok=True)  # uv's


def write_zip(folder: Path, target: Path) -> None:
    """A zip of `folder`, whose bytes depend on names and contents only."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), ZIP_TIME)
                entry.external_attr = 0o644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes())


def build_client(root: Path, out: Path) -> None:
    """The client library's tarball; npm gives each file in it the same time."""
    run(root, "npm", "run", "build", "--silent", "--workspace", CLIENT)
    run(root, "npm", "pack", "--silent", "--workspace", CLIENT, "--pack-destination", str(out))


# --- SBOM -------------------------------------------------------------------------------------------------


def sbom(version: str, source: Source, *, pins: Mapping[str, str], bundled: set[str]) -> str:
    """CycloneDX JSON of the wheel's dependencies, with all extras. The client library has no dependencies.

    Packages in `bundled` are required: a deployment's functions carry them. The others are optional.
    """
    product = Component(
        name=PROJECT,
        version=version,
        type=ComponentType.LIBRARY,
        purl=PackageURL("pypi", name=PROJECT, version=version),
        bom_ref=f"{PROJECT}=={version}",
    )
    needed = closure(PROJECT, extras=metadata.metadata(PROJECT).get_all("Provides-Extra") or ())
    components = {
        name: Component(
            name=name,
            version=version_of(name, pins),
            type=ComponentType.LIBRARY,
            purl=PackageURL("pypi", name=name, version=version_of(name, pins)),
            bom_ref=f"{name}=={version_of(name, pins)}",
            scope=ComponentScope.REQUIRED if name in bundled else ComponentScope.OPTIONAL,
        )
        for name in sorted(needed.keys() - {PROJECT})
    }
    bom = Bom(components=components.values())
    bom.metadata.component = product
    bom.metadata.timestamp = source.committed_at
    bom.metadata.tools.components.add(this_component())
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_OID, source.commit)
    for name, component in {**components, PROJECT: product}.items():
        bom.register_dependency(component, [components[other] for other in sorted(needed[name])])
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def version_of(name: str, pins: Mapping[str, str]) -> str:
    """The version that is locked. Raises DistError if another one is installed."""
    installed = metadata.version(name)
    if pins.get(name) != installed:
        raise DistError(
            f"{name} {installed} is installed, which differs from requirements.lock: run `make setup`"
        )
    return installed


def closure(project: str, *, extras: Iterable[str] = ()) -> dict[str, set[str]]:
    """The requirements of `project` with `extras`: the installed packages with their own requirements."""
    found: dict[str, set[str]] = {}
    asked: set[tuple[str, str]] = set()
    waiting = [(project, extra) for extra in ("", *extras)]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in asked:
            continue
        asked.add((name, extra))
        direct = requirements(name, extra)
        if name == project:  # an extra that consists of other extras of this project, which are all requested
            direct = [each for each in direct if canonicalize_name(each.name) != project]
        found.setdefault(name, set()).update(canonicalize_name(each.name) for each in direct)
        for each in direct:
            waiting += [(canonicalize_name(each.name), wanted) for wanted in ("", *each.extras)]
    return found


def requirements(name: str, extra: str) -> list[Requirement]:
    """The requirements of an installed package, with one of its extras, that count on this machine."""
    listed = map(Requirement, metadata.requires(name) or ())
    return [
        each
        for each in listed
        if (each.marker is None or each.marker.evaluate({"extra": extra})) and is_installed(each.name)
    ]


def is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def pinned(lock: Path) -> dict[str, str]:
    """Names and versions in a lock file."""
    lines = (line.split(";")[0].strip(" \\") for line in lock.read_text().splitlines())
    pairs = (line.split("==") for line in lines if "==" in line and not line.startswith(("#", "--")))
    return {canonicalize_name(name.split("[")[0]): version.strip() for name, version in pairs}


# --- provenance -------------------------------------------------------------------------------------------


def provenance(root: Path, products: Sequence[Path], source: Source, *, builder: str) -> dict[str, Any]:
    """An in-toto statement about `products`: the commit and the locked dependencies they are made of."""
    materials = [{"name": "source", "digest": {"gitCommit": source.commit}}]
    materials += [{"name": lock, "digest": {"sha256": sha256(root / lock)}} for lock in LOCKS]
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": path.name, "digest": {"sha256": sha256(path)}} for path in products],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"command": "make dist"},
                "resolvedDependencies": materials,
            },
            "runDetails": {"builder": {"id": builder}},
        },
    }


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run(folder: Path, *command: str, environment: Mapping[str, str] | None = None) -> str:
    """The output of a command. Raises DistError with its error output."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise DistError(f"{' '.join(command[:3])} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
