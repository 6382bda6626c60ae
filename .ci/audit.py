"""Ask for known vulnerabilities of everything that the lock files name.

    python .ci/audit.py                  exit code 0: none known · 1: some are · 2: a service did not answer
    python .ci/audit.py --if-reachable   the same, but a service without an answer is a warning (0)

Before a service's answer counts, it must report a well-known vulnerability: an empty answer from a proxy or a
mirror is no all-clear.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OSV = "https://api.osv.dev/v1/query"
NPM_ADVISORIES = "/-/npm/v1/security/advisories/bulk"
PYTHON_LOCKS = (
    "requirements.lock",
    "lambdas/requirements.txt",
    "lambdas/requirements-tokens.txt",
    "lambdas/requirements-canary.txt",
    "statusbeam/bridge/requirements.txt",
)
# Not tests/e2e/clients/first: an old client, of which only a test installs the packages.
NPM_FOLDERS = (".", "graphql", "statusbeam/localcloud/cdk_cli", "tests/e2e/clients")
TIMEOUT_SECONDS = 15
CLEAN, VULNERABLE, UNANSWERED = 0, 1, 2


def main() -> int:
    parser = argparse.ArgumentParser(description="Ask for known vulnerabilities of our dependencies.")
    parser.add_argument(
        "--if-reachable", action="store_true", help="do not fail when a service is out of reach"
    )
    parser.add_argument("--osv", default=OSV, help="where Python advisories are asked for")
    parser.add_argument("--npm", help="the npm registry to ask; npm's own setting unless given")
    chosen = parser.parse_args()
    npm = chosen.npm or _output("npm", "config", "get", "registry").strip()
    results = {
        _ask("Python packages", lambda: osv_answers(chosen.osv), audit_python),
        _ask("npm packages", lambda: npm_answers(npm), audit_npm),
    }
    if VULNERABLE in results:
        return VULNERABLE
    return UNANSWERED if UNANSWERED in results and not chosen.if_reachable else CLEAN


def _ask(what: str, answers: Callable[[], bool], audit: Callable[[], int]) -> int:
    if answers():
        return audit()
    sys.stderr.write(
        f"NOT AUDITED: {what}. Their advisory service did not answer from here, so nothing is known about "
        "them. Run `make audit` where it can be reached.\n"
    )
    return UNANSWERED


def osv_answers(url: str) -> bool:
    """Whether OSV knows that requests 2.19.0 is vulnerable."""
    question = {"version": "2.19.0", "package": {"name": "requests", "ecosystem": "PyPI"}}
    answer = _post(url, question)
    return isinstance(answer, dict) and bool(answer.get("vulns"))


def npm_answers(registry: str) -> bool:
    """Whether the registry knows that lodash 4.17.0 is vulnerable."""
    answer = _post(registry.rstrip("/") + NPM_ADVISORIES, {"lodash": ["4.17.0"]})
    return isinstance(answer, dict) and bool(answer.get("lodash"))


def _post(url: str, content: object) -> object:
    """The decoded answer; None when there is none or it is no JSON."""
    request = urllib.request.Request(
        url, json.dumps(content).encode(), {"content-type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            decoded: object = json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        return None
    return decoded


def audit_python() -> int:
    """Audit every package of the lock files. Returns 1 if one is vulnerable or its audit failed."""
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--require-hashes",
        "--disable-pip",
        "--vulnerability-service",
        "osv",
    ]
    runs = [subprocess.run([*command, "-r", lock], cwd=ROOT, check=False) for lock in PYTHON_LOCKS]
    return VULNERABLE if any(run.returncode for run in runs) else CLEAN


def audit_npm() -> int:
    """Every package of the npm lock files. Tools that only build and test count from `high` up."""
    runs = []
    for folder in NPM_FOLDERS:
        for options in (["--omit=dev"], ["--audit-level=high"]):
            runs.append(subprocess.run(["npm", "audit", *options], cwd=ROOT / folder, check=False))
    return VULNERABLE if any(run.returncode for run in runs) else CLEAN


def _output(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
