"""Rehearse a release: check everything, print what a release would do, and publish nothing.

    python .ci/release.py [--out FOLDER]

It checks that the version is the same everywhere, has a changelog and has no tag, and that the working
tree is clean. Two builds must be equal byte for byte, and have an SBOM. PyPI's and npm's own checks of the
packages must pass. Every check runs; the exit code is 1 if one failed. A maintainer then types the commands
that it prints.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from packaging.version import Version

import dist

ROOT = Path(__file__).resolve().parent.parent
SEMVER = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}")
UNRELEASED = "Unreleased"
Run = Callable[..., str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The release. `today` dates its section in the changelog."""

    root: Path
    version: str
    today: str

    @property
    def tag(self) -> str:
        return f"v{self.version}"

    @property
    def wheel(self) -> str:
        return f"statusbeam-{self.version}-py3-none-any.whl"

    @property
    def tarball(self) -> str:
        return f"statusbeam-client-{self.version}.tgz"

    @property
    def sbom(self) -> str:
        return f"statusbeam-{self.version}.cdx.json"


def main() -> int:
    parser = argparse.ArgumentParser(description="Rehearse a release; nothing is published.")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="the folder to fill")
    out: Path = parser.parse_args().out
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    release = Release(root=ROOT, version=version, today=datetime.now(UTC).date().isoformat())
    return rehearse(release, out, write=sys.stdout.write)


def rehearse(release: Release, out: Path, *, write: Callable[[str], object]) -> int:
    """Run every check, and write its findings. If all passed, write the steps of the release."""
    failed = 0
    for name, problem in checks(release, out):
        failed += problem is not None
        write(f"{'ok    ' if problem is None else 'FAILED'}  {name}\n")
        if problem is not None:
            write("".join(f"        {line}\n" for line in problem.splitlines()))
    if failed:
        write(f"\n{release.version} cannot be released yet. Nothing was published.\n")
        return 1
    write(f"\nA release of {release.version} would:\n\n")
    write("".join(f"  {step}\n" for step in steps(release, out)))
    write("\nNothing was published.\n")
    return 0


def checks(release: Release, out: Path) -> Iterator[tuple[str, str | None]]:
    """Each check's name with its finding. Checks of the products run only if the build succeeded."""
    yield "one version in every package", versions_differ(release)
    yield f"a changelog for {release.version}", changelog_lacks(release)
    yield f"no tag {release.tag} yet, and none of a newer version", tag_is_taken(release)
    built = builds_differ(release, out)
    yield "a clean working tree, and two builds that are equal byte for byte", built
    if built is None:
        yield f"{release.sbom} names the version", sbom_is_wrong(release, out)
        yield "PyPI would take the wheel (twine check)", refused_by_pypi(release, out)
        yield "npm would take the tarball (npm publish --dry-run)", refused_by_npm(release, out)


# --- checks: what is wrong, or None -----------------------------------------------------------------------


def versions_differ(release: Release) -> str | None:
    """The version is SemVer, and the client has the same."""
    if not SEMVER.fullmatch(release.version):
        return f"pyproject.toml: {release.version} is not MAJOR.MINOR.PATCH"
    locked = json.loads((release.root / "package-lock.json").read_text())["packages"]
    found = {
        "web/client/package.json": json.loads((release.root / dist.CLIENT / "package.json").read_text()),
        "package-lock.json": locked[dist.CLIENT],
    }
    others = [
        f"{name}: {package['version']}, pyproject.toml: {release.version}"
        for name, package in found.items()
        if package["version"] != release.version
    ]
    return "\n".join(others) or None


def sections(release: Release) -> dict[str, str]:
    """The changelog's sections by their titles' first word; the text of each."""
    text = (release.root / "CHANGELOG.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (\S+).*\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], (part.strip() for part in parts[1::2]), strict=True))


def changelog_lacks(release: Release) -> str | None:
    """The version has a section, or *Unreleased* becomes it."""
    found = sections(release)
    own, unreleased = found.get(release.version), found.get(UNRELEASED)
    if own is not None and unreleased:
        return f"CHANGELOG.md: {UNRELEASED} has entries beside the section {release.version}"
    if own or (own is None and unreleased):
        return None
    return f"CHANGELOG.md: there is no entry under {release.version} or {UNRELEASED}"


def tag_is_taken(release: Release) -> str | None:
    """Versions only grow."""
    tags = dist.run(release.root, "git", "tag", "--list", "v*").split()
    known = [Version(tag[1:]) for tag in tags if SEMVER.fullmatch(tag[1:])]
    newest = max(known, default=None)
    if newest is None or newest < Version(release.version):
        return None
    return f"v{newest} exists: raise the version in pyproject.toml and web/client/package.json"


def builds_differ(release: Release, out: Path) -> str | None:
    """Builds the products twice; the first build stays in `out`."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            for folder in (out, Path(scratch) / "again"):
                dist.build(release.root, folder, builder=dist.LOCAL_BUILDER)
        except dist.DistError as error:
            return str(error)
        return folders_differ(out, Path(scratch) / "again")


def folders_differ(one: Path, other: Path) -> str | None:
    """The files that differ between two folders."""
    digests = [{path.name: dist.sha256(path) for path in folder.iterdir()} for folder in (one, other)]
    differing = sorted({name for name, _ in digests[0].items() ^ digests[1].items()})
    return f"two builds differ in {', '.join(differing)}" if differing else None


def sbom_is_wrong(release: Release, out: Path) -> str | None:
    """The SBOM is of this version, and lists components."""
    bom = json.loads((out / release.sbom).read_text())
    version = bom["metadata"]["component"]["version"]
    if version != release.version or not bom["components"]:
        return f"{release.sbom}: version {version}, {len(bom['components'])} components"
    return None


def refused_by_pypi(release: Release, out: Path, run: Run = dist.run) -> str | None:
    """Twine reads the metadata and renders the README as PyPI would."""
    return complaint(run, out, "twine", "check", "--strict", release.wheel)


def refused_by_npm(release: Release, out: Path, run: Run = dist.run) -> str | None:
    """npm packs and checks, and stops before it sends."""
    return complaint(run, out, "npm", "publish", "--dry-run", "--access", "public", f"./{release.tarball}")


def complaint(run: Run, folder: Path, *command: str) -> str | None:
    try:
        run(folder, *command)
    except dist.DistError as error:
        return str(error)
    return None


# --- what a release would do ------------------------------------------------------------------------------


def steps(release: Release, out: Path) -> Iterator[str]:
    """The commands of the release, in order."""
    if release.version not in sections(release):
        title = f"{release.version} - {release.today}"
        yield f"name the section {UNRELEASED} of CHANGELOG.md `{title}`, and commit it"
    commit = dist.run(release.root, "git", "rev-parse", "--short", "HEAD").strip()
    yield f'git tag --annotate {release.tag} --message "Statusbeam {release.version}"    # {commit} or later'
    yield "make release    # again, from the tag: the products name their commit"
    yield f"git push origin {release.tag}"
    yield f"twine upload {release.wheel}"
    yield f"npm publish --access public {release.tarball}"
    published = {release.wheel, release.tarball}
    for path in sorted(out.iterdir()):
        way = "published" if path.name in published else "attach to the tag"
        yield f"{way}: {path.name}  sha256 {dist.sha256(path)}"


if __name__ == "__main__":
    sys.exit(main())
