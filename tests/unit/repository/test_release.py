"""The rehearsal of a release: its stops, its output, and that it publishes nothing."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
VERSION = "1.2.3"


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # release.py imports dist.py by this name
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def dist() -> ModuleType:
    """The builder of the products."""
    return loaded("dist")


@pytest.fixture(scope="module")
def rehearsal(dist: ModuleType) -> ModuleType:
    """The script."""
    return loaded("release")


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def release(rehearsal: ModuleType, tmp_path: Path) -> Any:
    """A repository with one version everywhere, and a section of it in the changelog."""
    files = {
        "package-lock.json": json.dumps({"packages": {"web/client": {"version": VERSION}}}),
        "web/client/package.json": json.dumps({"version": VERSION}),
        "CHANGELOG.md": f"# Changelog\n\n## Unreleased\n\n## {VERSION} - 2026-11-29\n\n- A change.\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--message", "Begin")
    return rehearsal.Release(root=tmp_path, version=VERSION, today="2026-11-29")


def fill(folder: Path) -> Path:
    """Products, as a build leaves them."""
    folder.mkdir()
    bom = {"metadata": {"component": {"version": VERSION}}, "components": [{"name": "requests"}]}
    (folder / f"statusbeam-{VERSION}.cdx.json").write_text(json.dumps(bom))
    (folder / f"statusbeam-{VERSION}-py3-none-any.whl").write_text("a wheel")
    (folder / f"statusbeam-client-{VERSION}.tgz").write_text("a tarball")
    return folder


def test_a_repository_in_order_passes(rehearsal: ModuleType, release: Any, tmp_path: Path) -> None:
    out = fill(tmp_path / "dist")
    assert rehearsal.versions_differ(release) is None
    assert rehearsal.changelog_lacks(release) is None
    assert rehearsal.tag_is_taken(release) is None
    assert rehearsal.sbom_is_wrong(release, out) is None


@pytest.mark.parametrize("name", ["package-lock.json", "web/client/package.json"])
def test_a_package_of_another_version_is_named(rehearsal: ModuleType, release: Any, name: str) -> None:
    path = release.root / name
    path.write_text(path.read_text().replace(VERSION, "1.2.2"))
    assert f"{name}: 1.2.2" in rehearsal.versions_differ(release)


@pytest.mark.parametrize("version", ["1.2", "1.2.3rc1", "01.2.3", "v1.2.3"])
def test_a_version_that_is_not_semver_is_refused(rehearsal: ModuleType, release: Any, version: str) -> None:
    odd = rehearsal.Release(root=release.root, version=version, today=release.today)
    assert "MAJOR.MINOR.PATCH" in rehearsal.versions_differ(odd)


@pytest.mark.parametrize(
    ("changelog", "problem"),
    [
        pytest.param("## Unreleased\n\n- New.\n\n## 1.2.2\n\n- Old.\n", None, id="not named yet"),
        pytest.param(f"## {VERSION}\n\n- New.\n", None, id="named"),
        pytest.param("## Unreleased\n\n## 1.2.2\n\n- Old.\n", "there is no entry", id="nothing new"),
        pytest.param(f"## {VERSION}\n\n## 1.2.2\n\n- Old.\n", "there is no entry", id="an empty section"),
        pytest.param("# Changelog\n", "there is no entry", id="no section"),
        pytest.param(f"## Unreleased\n\n- New.\n\n## {VERSION}\n\n- New.\n", "beside", id="both"),
    ],
)
def test_the_changelog_has_one_section_for_the_version(
    rehearsal: ModuleType, release: Any, changelog: str, problem: str | None
) -> None:
    (release.root / "CHANGELOG.md").write_text(changelog)
    found = rehearsal.changelog_lacks(release)
    assert found is None if problem is None else problem in found


@pytest.mark.parametrize(
    ("tag", "taken"),
    [("v1.2.3", True), ("v1.10.0", True), ("v1.2.2", False), ("v0.9.9", False), ("vnext", False)],
)
def test_versions_only_grow(rehearsal: ModuleType, release: Any, tag: str, *, taken: bool) -> None:
    git(release.root, "tag", tag)
    assert (rehearsal.tag_is_taken(release) is not None) is taken


def test_a_changed_working_tree_is_not_built(rehearsal: ModuleType, release: Any, tmp_path: Path) -> None:
    (release.root / "new.py").write_text("# new")
    (release.root / "pyproject.toml").write_text(f'[project]\nversion = "{VERSION}"\n')
    assert "new.py" in rehearsal.builds_differ(release, tmp_path / "dist")


def test_two_different_builds_are_compared_by_file(rehearsal: ModuleType, tmp_path: Path) -> None:
    one, other = fill(tmp_path / "one"), fill(tmp_path / "other")
    assert rehearsal.folders_differ(one, other) is None
    (other / f"statusbeam-client-{VERSION}.tgz").write_text("another")
    (other / "more.zip").write_text("more")
    assert (
        rehearsal.folders_differ(one, other)
        == f"two builds differ in more.zip, statusbeam-client-{VERSION}.tgz"
    )


@pytest.mark.parametrize("changed", [{"components": []}, {"metadata": {"component": {"version": "1.2.2"}}}])
def test_an_sbom_of_another_version_or_of_nothing_is_refused(
    rehearsal: ModuleType, release: Any, tmp_path: Path, changed: dict[str, Any]
) -> None:
    out = fill(tmp_path / "dist")
    path = out / release.sbom
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))
    assert release.sbom in rehearsal.sbom_is_wrong(release, out)


def test_requests_to_pypi_and_npm_publish_nothing(
    rehearsal: ModuleType, release: Any, tmp_path: Path
) -> None:
    asked: list[tuple[str, ...]] = []

    def run(_: Path, *command: str) -> str:
        asked.append(command)
        return ""

    assert rehearsal.refused_by_pypi(release, tmp_path, run) is None
    assert rehearsal.refused_by_npm(release, tmp_path, run) is None
    assert [command[:2] for command in asked] == [("twine", "check"), ("npm", "publish")]
    assert "--dry-run" in asked[1]


def test_the_report_has_pypis_answer_about_a_wheel(
    rehearsal: ModuleType, release: Any, tmp_path: Path
) -> None:
    out = fill(tmp_path / "dist")
    assert release.wheel in rehearsal.refused_by_pypi(release, out)


def test_every_check_runs_and_one_that_fails_stops_the_release(
    rehearsal: ModuleType, release: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (release.root / "CHANGELOG.md").write_text("# Changelog\n")
    git(release.root, "tag", "v9.0.0")
    monkeypatch.setattr(rehearsal, "builds_differ", lambda *_: "the working tree differs")
    written: list[str] = []
    assert rehearsal.rehearse(release, tmp_path / "dist", write=written.append) == 1
    text = "".join(written)
    assert text.count("FAILED") == 3
    assert "git push" not in text
    assert text.endswith("Nothing was published.\n")


def test_the_steps_name_tag_commands_and_every_product(
    rehearsal: ModuleType, dist: ModuleType, release: Any, tmp_path: Path
) -> None:
    out = fill(tmp_path / "dist")
    text = "\n".join(rehearsal.steps(release, out))
    for step in (
        'git tag --annotate v1.2.3 --message "Statusbeam 1.2.3"',
        "git push origin v1.2.3",
        f"twine upload {release.wheel}",
        f"npm publish --access public {release.tarball}",
        *(dist.sha256(path) for path in out.iterdir()),
    ):
        assert step in text
    assert "Unreleased" not in text
    (release.root / "CHANGELOG.md").write_text("## Unreleased\n\n- New.\n")
    assert "`1.2.3 - 2026-11-29`" in next(rehearsal.steps(release, out))
