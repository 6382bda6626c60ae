"""Check synthesised templates with checkov, and their policies with parliament.

    .build/templates/venv/bin/python .ci/check_templates.py <folder of cdk synth>

Both have many pinned dependencies, so they run from an environment of their own (.ci/templates.txt). A
finding that .ci/templates.toml does not accept fails, and so does an entry there that accepts nothing.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

BASELINE = Path(__file__).with_name("templates.toml")
HASH = re.compile("[0-9A-F]{8}$")
ACCOUNT = "eu-west-1:123456789012"
PSEUDO = {"AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": "123456789012"}
ARNS = {
    "AWS::AppSync::GraphQLApi": f"arn:aws:appsync:{ACCOUNT}:apis/%s",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{ACCOUNT}:table/%s",
    "AWS::Lambda::Function": f"arn:aws:lambda:{ACCOUNT}:function:%s",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{ACCOUNT}:log-group:%s:*",
    "AWS::S3::Bucket": "arn:aws:s3:::%s",
    "AWS::SNS::Topic": f"arn:aws:sns:{ACCOUNT}:%s",
    "AWS::SQS::Queue": f"arn:aws:sqs:{ACCOUNT}:%s",
    "AWS::SecretsManager::Secret": f"arn:aws:secretsmanager:{ACCOUNT}:secret:%s",
    "AWS::StepFunctions::StateMachine": f"arn:aws:states:{ACCOUNT}:stateMachine:%s",
}
"""The ARNs of resources, which parliament compares with the resources of an action."""


class Finding(NamedTuple):
    """A finding of a tool, at `<stack>/<type>.<logical id without its hash>`."""

    check: str
    resource: str
    problem: str


def main() -> int:
    parser = argparse.ArgumentParser(description="Check templates with checkov and parliament.")
    parser.add_argument("folder", type=Path, help="where cdk synth put the templates")
    parser.add_argument(
        "--baseline", type=Path, default=BASELINE, help="the accepted findings with their reasons"
    )
    chosen = parser.parse_args()
    templates = sorted(chosen.folder.glob("*.template.json"))
    if not templates:
        sys.stderr.write(f"{chosen.folder} has no templates\n")
        return 2
    accepted = tomllib.loads(chosen.baseline.read_text())["accepted"]
    problems = judged([*of_checkov(chosen.folder), *of_parliament(templates)], accepted)
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


def judged(findings: list[Finding], accepted: list[dict[str, str]]) -> list[str]:
    """The findings that no entry accepts, and the entries that accept none."""
    used: set[int] = set()
    problems = []
    for check, resource, problem in findings:
        match = [
            number
            for number, entry in enumerate(accepted)
            if entry["check"] == check and fnmatch.fnmatchcase(resource, entry["resource"])
        ]
        used.update(match)
        if not match:
            problems.append(f"{check} {resource}: {problem}")
    idle = (entry for number, entry in enumerate(accepted) if number not in used)
    problems += (f"{entry['check']} {entry['resource']}: accepts nothing; delete it" for entry in idle)
    unexplained = (entry for entry in accepted if not entry.get("why"))
    problems += (f"{entry['check']} {entry['resource']}: has no reason" for entry in unexplained)
    return problems


def of_checkov(folder: Path) -> Iterator[Finding]:
    command = [str(Path(sys.executable).with_name("checkov")), "--directory", str(folder), "--skip-download"]
    options = ["--framework", "cloudformation", "--quiet", "--compact", "--soft-fail", "--output", "json"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    for found in report["results"]["failed_checks"]:
        kind, _, name = found["resource"].partition(".")
        stack = Path(found["file_path"]).name.removesuffix(".template.json")
        yield Finding(found["check_id"], place(stack, kind, name), found["check_name"])


def place(stack: str, kind: str, name: str) -> str:
    return f"{stack}/{kind}.{HASH.sub('', name)}"


def of_parliament(templates: list[Path]) -> Iterator[Finding]:
    import parliament  # noqa: PLC0415 - only the environment of the tools has it

    for path in templates:
        resources = json.loads(path.read_text())["Resources"]
        for name, resource in resources.items():
            if resource["Type"] != "AWS::IAM::Policy":
                continue
            document = text_of(resource["Properties"]["PolicyDocument"], resources)
            for found in parliament.analyze_policy_string(json.dumps(document)).findings:
                where = place(path.name.removesuffix(".template.json"), resource["Type"], name)
                yield Finding(found.issue, where, f"{found.title} {found.detail} {found.location}")


def text_of(value: Any, resources: Mapping[str, Any]) -> Any:  # noqa: PLR0911 - one for each function
    """A policy in its deployed form, with invented names for values that only a deployment has."""
    match value:
        case {"Fn::Join": [delimiter, parts]}:
            return delimiter.join(str(text_of(part, resources)) for part in parts)
        case {"Fn::GetAtt": [name, "Arn"]} | {"Ref": name} if name in resources:
            arn = ARNS.get(resources[name]["Type"], "%s")
            return arn % name
        case {"Fn::GetAtt": [name, attribute]}:
            named_by_arn = attribute.endswith("Arn") or attribute == "Id"
            return text_of({"Ref": name}, resources) if named_by_arn else name
        case {"Ref": name}:
            return PSEUDO.get(name, name)
        case {"Fn::ImportValue": export}:
            name = str(text_of(export, resources)).rpartition("FnGetAtt")[2]
            kind = "AWS::SQS::Queue" if "Queue" in name else "AWS::Lambda::Function"
            return ARNS[kind] % name
        case {"Fn::FindInMap": _}:
            return "us"
        case {"Fn::Split": [delimiter, whole]}:
            return text_of(whole, resources).split(delimiter)
        case {"Fn::Select": [index, parts]}:
            return text_of(parts, resources)[int(index)]
        case dict():
            return {key: text_of(inner, resources) for key, inner in value.items()}
        case list():
            return [text_of(inner, resources) for inner in value]
        case _:
            return value


if __name__ == "__main__":
    sys.exit(main())
