"""Each import rule in pyproject.toml fails on its planted import, and on no other rule's."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
RULES = [contract["name"] for contract in CONFIG["contracts"]]


@dataclass(frozen=True, slots=True)
class Planted:
    """An import of `target`, planted in the file `into`, that breaks `rule` and no other."""

    rule: str
    into: str
    target: str

    def __str__(self) -> str:
        return f"{self.into} imports {self.target}"


CONSTRUCTS = "The app and the constructs know the settings, and nothing that runs"
PARTS = "A construct stands on those it is made of"
CIRCLES = "No circles in the app, the constructs, the functions and the examples"

CASES = [
    Planted("Imports go one way", "status_utils/testing.py", "examples"),
    Planted("Imports go one way", "lambdas/approvals/handler.py", "statusbeam.client.doctor.canary"),
    Planted("Imports go one way", "lambdas/canary/handler.py", "statusbeam.client.follow"),
    Planted(CONSTRUCTS, "infra/stacks.py", "statusbeam.log.journal"),
    Planted(CONSTRUCTS, "infra/stages.py", "statusbeam.model.settings"),
    Planted(CONSTRUCTS, "statusbeam/cdk/publishing/publisher.py", "status_utils.defaults"),
    Planted(CONSTRUCTS, "statusbeam/cdk/options.py", "statusbeam.model.limits"),
    Planted(PARTS, "statusbeam/cdk/publishing/publisher.py", "statusbeam.cdk.api.firewall"),
    Planted(PARTS, "statusbeam/cdk/dead_letters.py", "statusbeam.cdk.page.page_config"),
    Planted(PARTS, "statusbeam/cdk/a_new_room.py", "aws_cdk"),
    Planted(CIRCLES, "infra/stages.py", "infra.stacks"),
    Planted(CIRCLES, "statusbeam/cdk/api/sign_in.py", "statusbeam.cdk.api.status_api"),
    Planted(CIRCLES, "lambdas/status_publisher/queue.py", "lambdas.status_publisher.handler"),
    Planted(CIRCLES, "examples/civic_complaints/tools.py", "examples.civic_complaints.geo"),
    Planted(
        "Functions are independent of each other",
        "lambdas/status_detail/handler.py",
        "lambdas.status_publisher.queue",
    ),
    Planted(
        "Functions without the layer do without the library",
        "lambdas/status_publisher/handler.py",
        "status_utils.tokens",
    ),
    Planted(
        "Functions with the layer do without the log",
        "lambdas/execution_closer/handler.py",
        "statusbeam.log.snapshot",
    ),
    Planted("Examples import what agents import", "examples/agent.py", "statusbeam.model.words"),
    Planted(
        "The library uses the publisher in the direct transport and in testing only",
        "status_utils/scopes/job.py",
        "statusbeam.log.journal",
    ),
    Planted(
        "The library's imports go one way",
        "status_utils/tokens/view_tokens.py",
        "status_utils.sending.outbox",
    ),
    Planted(
        "The library's modules have no cycles",
        "status_utils/scopes/invocations.py",
        "status_utils.scopes.job",
    ),
    Planted(
        "localcloud: server over its parts over the emulator over the data plane",
        "statusbeam/localcloud/certificates.py",
        "statusbeam.localcloud.ports",
    ),
    Planted(
        "AppSync data plane: two sides that meet in the contract",
        "statusbeam/localcloud/appsync/graphql/engine.py",
        "statusbeam.localcloud.appsync.auth",
    ),
    Planted(
        "AppSync data plane: connections know nothing of schema, resolvers and authorization modes",
        "statusbeam/localcloud/appsync/admin.py",
        "statusbeam.localcloud.appsync.graphql",
    ),
    Planted(
        "AppSync data plane: schema, resolvers and authorization modes know nothing of connections",
        "statusbeam/localcloud/appsync/auth/sigv4.py",
        "statusbeam.localcloud.appsync.counters",
    ),
    Planted(
        "The command: main over the registry's commands over what they share",
        "statusbeam/cli/complaints.py",
        "statusbeam.cli.demo_user",
    ),
    Planted(
        "The client: what follows a job over what reads, what reads over how to sign in",
        "statusbeam/client/claims.py",
        "statusbeam.client.target",
    ),
    Planted(
        "The client: what follows a job over what reads, what reads over how to sign in",
        "statusbeam/client/a_new_room.py",
        "json",
    ),
    Planted(
        "The doctor: what examines over what judges, which knows facts only",
        "statusbeam/client/doctor/access_checks.py",
        "statusbeam.client.doctor.failures",
    ),
    Planted(
        "localcloud, the client and the command: no circles, type-only imports included",
        "statusbeam/localcloud/emulator/internals.py",
        "statusbeam.localcloud.emulator.server",
    ),
    Planted(
        "A status goes down through the log: publish, estimate, commit, fold",
        "statusbeam/log/a_new_room.py",
        "json",
    ),
    Planted(
        "The bridge: its doors over routes over dialects and access over the tail",
        "statusbeam/bridge/tail/watch.py",
        "statusbeam.bridge.access",
    ),
    Planted(
        "The bridge: its doors over routes over dialects and access over the tail",
        "statusbeam/bridge/a_new_room.py",
        "json",
    ),
    Planted(
        "A dialect is a pure function: it knows the log's types and does no I/O",
        "statusbeam/bridge/dialects/__init__.py",
        "statusbeam.bridge.tail.tails",
    ),
    Planted(
        "Notifications: channels and the queue over events",
        "statusbeam/notifications/https_post.py",
        "statusbeam.notifications.committed",
    ),
    Planted("No circles in the bridge", "statusbeam/bridge/tail/pace.py", "statusbeam.bridge.tail.tails"),
    Planted(
        "The conformance kit has no code in common with what it checks",
        "statusbeam/conformance/dialects/five_messages.py",
        "statusbeam.model.words",
    ),
    Planted(
        "The conformance kit: what runs it over the protocols' clients over the checks",
        "statusbeam/conformance/checks.py",
        "statusbeam.conformance.publisher",
    ),
    Planted(
        "No circles in the conformance kit",
        "statusbeam/conformance/dialects/dialect.py",
        "statusbeam.conformance.dialects.mcp",
    ),
    Planted("The model's modules import downwards", "statusbeam/model/clock.py", "statusbeam.model.limits"),
    Planted(
        "No circles in the log, the model and the notifications",
        "statusbeam/log/journal/entry.py",
        "statusbeam.log.journal.commits",
    ),
]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[Planted | None, dict[str, Any]]:
    """What lint-imports reports on a copy of the packages, by planted import; None: without any."""
    folder = tmp_path_factory.mktemp("copy")
    for package in CONFIG["root_packages"]:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "pyproject.toml", folder / "pyproject.toml")
    finished = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("plant_imports.py"))],
        cwd=folder,
        env={**os.environ, "COLUMNS": "300"},  # a verdict stays on one line
        input=json.dumps([{"into": case.into, "target": case.target} for case in CASES]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.stderr == ""
    return dict(zip((None, *CASES), json.loads(finished.stdout), strict=True))


def broken(report: dict[str, Any]) -> list[str]:
    """The rules that a report calls broken; it must have a verdict on each."""
    verdicts = dict(re.findall(r"^(.+?) (KEPT|BROKEN)\b", report["output"], re.MULTILINE))
    assert list(verdicts) == RULES, report["output"]
    found = [rule for rule, verdict in verdicts.items() if verdict == "BROKEN"]
    assert report["code"] == (1 if found else 0)
    return found


def test_every_rule_has_a_planted_import() -> None:
    assert {case.rule for case in CASES} == set(RULES)


def test_every_rule_is_kept_without_a_planted_import(reports: dict[Planted | None, dict[str, Any]]) -> None:
    assert broken(reports[None]) == []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_planted_import_breaks_its_rule_and_no_other(
    reports: dict[Planted | None, dict[str, Any]], case: Planted
) -> None:
    assert broken(reports[case]) == [case.rule]
