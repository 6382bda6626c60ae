"""A gap of the emulator that only a real stack shows: AppSync's own log retention does not deploy.

statusbeam/cdk/api/status_api.py owns the log group instead. When this fails after an upgrade, that may go.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from aws_cdk import App, CliCredentialsStackSynthesizer, Environment, Stack
from aws_cdk import aws_appsync as appsync
from aws_cdk.aws_logs import RetentionDays

from tests.e2e.bare_emulator import REGION, Emulator, emulator_process
from tests.e2e.waiting import wait_for

BUCKET = "assets"


def test_the_log_retention_of_the_cdks_appsync_construct_does_not_deploy(tmp_path: Path) -> None:
    template = synthesise(tmp_path)
    (tmp_path / "emulator").mkdir()
    with emulator_process(tmp_path / "emulator") as emulator:
        upload_assets(emulator, tmp_path / "out")
        failures = deploy(emulator, template)
    assert [kind for kind, _ in failures] == ["Custom::LogRetention"]
    assert (
        "CloudWatchLogsClient" in failures[0][1]
    )  # the SDK that Lambda's Node has and the emulator's hasn't


def synthesise(folder: Path) -> dict[str, Any]:
    """A stack with one API whose construct is asked to keep its logs for a week."""
    (folder / "schema.graphql").write_text("schema { query: Query }\ntype Query { a: String }\n")
    app = App(outdir=str(folder / "out"))
    stack = Stack(
        app,
        "Logs",
        env=Environment(account="000000000000", region=REGION),
        synthesizer=CliCredentialsStackSynthesizer(file_assets_bucket_name=BUCKET),
    )
    schema = appsync.SchemaFile.from_asset(str(folder / "schema.graphql"))
    logs = appsync.LogConfig(field_log_level=appsync.FieldLogLevel.ERROR, retention=RetentionDays.ONE_WEEK)
    appsync.GraphqlApi(
        stack, "Api", name="api", definition=appsync.Definition.from_schema(schema), log_config=logs
    )
    app.synth()
    template: dict[str, Any] = json.loads((folder / "out" / "Logs.template.json").read_text())
    return template


def upload_assets(emulator: Emulator, out: Path) -> None:
    """Put the stack's code where its template expects it."""
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for digest, asset in json.loads((out / "Logs.assets.json").read_text())["files"].items():
        if asset["source"]["packaging"] == "zip":
            archive = shutil.make_archive(str(out / digest), "zip", out / asset["source"]["path"])
            s3.put_object(Bucket=BUCKET, Key=f"{digest}.zip", Body=Path(archive).read_bytes())


def deploy(emulator: Emulator, template: dict[str, Any]) -> list[tuple[str, str]]:
    """Create the stack; type and reason of each resource that failed."""
    stacks = emulator.client("cloudformation")
    stacks.create_stack(StackName="Logs", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"])

    def done() -> bool:
        (stack,) = stacks.describe_stacks(StackName="Logs")["Stacks"]
        return not stack["StackStatus"].endswith("IN_PROGRESS")

    wait_for("the end of the deployment", done)
    return [
        (event["ResourceType"], event.get("ResourceStatusReason", ""))
        for event in stacks.describe_stack_events(StackName="Logs")["StackEvents"]
        if event["ResourceStatus"] == "CREATE_FAILED"
    ]
