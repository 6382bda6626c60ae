"""The check of templates with findings and the list of accepted ones."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

CI = Path(__file__).resolve().parents[3] / ".ci"
ACCEPTED = {"check": "CKV_1", "resource": "*/AWS::SQS::Queue.Statuses", "why": "It is encrypted."}


@pytest.fixture(scope="module")
def checks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_templates", CI / "check_templates.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def found(checks: ModuleType, resource: str, check: str = "CKV_1") -> Any:
    return checks.Finding(check, resource, "not encrypted")


def test_an_accepted_finding_is_none(checks: ModuleType) -> None:
    findings = [found(checks, f"{stack}/AWS::SQS::Queue.Statuses") for stack in ("Dev", "Prod")]
    assert checks.judged(findings, [ACCEPTED]) == []


@pytest.mark.parametrize(
    ("resource", "check"),
    [("Dev/AWS::SQS::Queue.Others", "CKV_1"), ("Dev/AWS::SQS::Queue.Statuses", "CKV_2")],
)
def test_another_resource_and_another_check_are_new(checks: ModuleType, resource: str, check: str) -> None:
    known = found(checks, "Dev/AWS::SQS::Queue.Statuses")
    (problem,) = checks.judged([known, found(checks, resource, check)], [ACCEPTED])
    assert problem == f"{check} {resource}: not encrypted"


def test_an_entry_that_accepts_nothing_is_reported(checks: ModuleType) -> None:
    (problem,) = checks.judged([], [ACCEPTED])
    assert problem.endswith("accepts nothing; delete it")


def test_an_entry_without_a_reason_is_reported(checks: ModuleType) -> None:
    findings = [found(checks, "Dev/AWS::SQS::Queue.Statuses")]
    (problem,) = checks.judged(findings, [{**ACCEPTED, "why": ""}])
    assert problem.endswith("has no reason")


def test_every_entry_of_ours_has_a_reason() -> None:
    accepted = tomllib.loads((CI / "templates.toml").read_text())["accepted"]
    assert all(entry.keys() == {"check", "resource", "why"} and entry["why"] for entry in accepted)


def test_policies_are_read_as_they_are_once_deployed(checks: ModuleType) -> None:
    resources = {"Queue1": {"Type": "AWS::SQS::Queue"}, "Secret1": {"Type": "AWS::SecretsManager::Secret"}}
    policy = {
        "Resource": [
            {"Fn::GetAtt": ["Queue1", "Arn"]},
            {"Ref": "Secret1"},
            {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":s3:::x/*"]]},
        ]
    }
    assert checks.text_of(policy, resources) == {
        "Resource": [
            "arn:aws:sqs:eu-west-1:123456789012:Queue1",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:Secret1",
            "arn:aws:s3:::x/*",
        ]
    }
