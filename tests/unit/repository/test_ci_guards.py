"""The scan for secrets and the audit of dependencies, as CI runs them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.http_server import serving

ROOT = Path(__file__).resolve().parents[3]
KEY = "AKIA" + "Q7WZ4N2MXKPT3RVL"
OTHER_KEY = "AKIA" + "Z9YB5H8CDTNW2QKS"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that is no git repository, with our detectors and nothing known."""
    baseline = json.loads((ROOT / ".secrets.baseline").read_text())
    (tmp_path / ".secrets.baseline").write_text(json.dumps({**baseline, "results": {}}))
    return tmp_path


def scanned(checkout: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / ".ci" / "scan_secrets.py"), "--root", str(checkout), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_new_secret_is_reported_by_its_place_without_its_text(checkout: Path) -> None:
    (checkout / "settings.py").write_text(f'\nkey = "{KEY}"\n')
    done = scanned(checkout)
    assert done.returncode == 1
    assert "settings.py:2: AWS Access Key" in done.stderr
    assert KEY not in done.stdout + done.stderr


def test_a_known_secret_may_move_but_another_one_is_new(checkout: Path) -> None:
    file = checkout / "settings.py"
    file.write_text(f'key = "{KEY}"\n')
    assert scanned(checkout, "--accept").returncode == 0
    assert KEY not in (checkout / ".secrets.baseline").read_text()
    file.write_text(f'\n\n\nkey = "{KEY}"\n')
    assert (scanned(checkout).returncode, scanned(checkout).stderr) == (0, "")
    file.write_text(f'key = "{KEY}"\nother = "{OTHER_KEY}"\n')
    assert "settings.py:2" in scanned(checkout).stderr


def test_files_without_secrets_are_scanned_again_when_they_or_the_baseline_change(checkout: Path) -> None:
    file, baseline = checkout / "settings.py", checkout / ".secrets.baseline"
    nothing_known = baseline.read_text()
    file.write_text(f'key = "{KEY}"\n')
    assert scanned(checkout, "--accept").returncode == 0
    assert scanned(checkout).returncode == 0
    file.write_text(f'key = "{OTHER_KEY}"\n')
    assert scanned(checkout).returncode == 1
    file.write_text(f'key = "{KEY}"\n')
    assert scanned(checkout).returncode == 0
    baseline.write_text(nothing_known)
    assert scanned(checkout).returncode == 1


def test_the_scan_asks_nobody_whether_a_secret_is_real() -> None:
    assert "verification" not in (ROOT / ".secrets.baseline").read_text()


@contextmanager
def service(answers: Mapping[str, object]) -> Iterator[str]:
    """An advisory service on a free port: its answers by the end of the path; 404 otherwise."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            found = [answer for path, answer in answers.items() if self.path.endswith(path)]
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(json.dumps(found[0]).encode() if found else b"not here")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Nothing: the test's output is its own."""

    with serving(Answer) as url:
        yield url


def audited(url: str, *options: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / ".ci" / "audit.py"), "--osv", f"{url}/query", "--npm", url]
    environment = {"PATH": path or "", "NO_PROXY": "127.0.0.1"}
    return subprocess.run([*command, *options], capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"query": {}, "bulk": {}}, id="that all is well, also with what is known to be bad"),
        pytest.param({"query": [], "bulk": "<html>"}, id="something else"),
    ],
)
def test_a_service_with_this_answer_is_not_trusted(answers: Mapping[str, object]) -> None:
    with service(answers) as url:
        strict, lenient = audited(url), audited(url, "--if-reachable")
    assert (strict.returncode, lenient.returncode) == (2, 0)
    for done in (strict, lenient):
        assert "NOT AUDITED: Python packages" in done.stderr
        assert "NOT AUDITED: npm packages" in done.stderr


def npm_that_answers(folder: Path, code: int) -> str:
    """A PATH with an npm that ends with `code`."""
    npm = folder / "npm"
    npm.write_text(f"#!{shutil.which('sh')}\nexit {code}\n")
    npm.chmod(0o755)
    return str(folder)


@pytest.mark.parametrize(("code", "expected"), [(0, 0), (1, 1)])
def test_one_services_findings_count_with_any_answer_of_the_other(
    tmp_path: Path, code: int, expected: int
) -> None:
    path = npm_that_answers(tmp_path, code)
    with service({"bulk": {"lodash": [{"id": 1}]}}) as url:
        done = audited(url, "--if-reachable", path=path)
    assert done.returncode == expected
    assert "NOT AUDITED: Python packages" in done.stderr
    assert "npm packages" not in done.stderr
