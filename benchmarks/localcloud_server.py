"""localcloud as a server of the benchmarks, with all its components."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import boto3
import psutil

from benchmarks.measure import START_SECONDS, Server, python
from statusbeam.localcloud.outputs import LocalOutputs, OutputsError, read_outputs
from statusbeam.localcloud.state_folder import StateFolder

POLL_SECONDS = 0.1
LOG_TAIL = 2_000
PUBLISHER = "benchmark-publisher"


class LocalcloudServer(Server):
    """A localcloud of its own on free ports, with an IAM user that may call publishStatus only."""

    STOP_SECONDS = 30.0  # the server first ends its Lambda functions

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="statusbeam-benchmark-", ignore_cleanup_errors=True)
        self._state = StateFolder(Path(self._folder.name))
        options = ["--state-dir", self._folder.name, "--port", "0", "--aws-port", "0", "--bridge-port", "0"]
        super().__init__(python("statusbeam.localcloud.server", *options))

    def rss_bytes(self) -> int:
        """The server's own memory, without the processes of Lambda functions."""
        rss: int = psutil.Process(self._process.pid).memory_info().rss
        return rss

    def __enter__(self) -> Self:
        out = self._complaints
        self._process = subprocess.Popen(
            self._command, env=self._environment, stdout=out, stderr=out, text=True
        )
        outputs = self._outputs()
        self.ready = {"port": urlsplit(outputs.graphql_url).port, **outputs.to_json(), **_publisher(outputs)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._folder.cleanup()

    def _outputs(self) -> LocalOutputs:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                return read_outputs(self._state.outputs)
            except OutputsError:
                time.sleep(POLL_SECONDS)
        self._complaints.seek(0)
        said = self._complaints.read()[-LOG_TAIL:]
        self.__exit__(None, None, None)
        raise RuntimeError(f"localcloud did not start:\n{said}")


def _publisher(outputs: LocalOutputs) -> dict[str, Any]:
    iam = boto3.client(
        "iam",
        endpoint_url=outputs.aws_endpoint_url,
        region_name=outputs.region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    iam.create_user(UserName=PUBLISHER)
    api = f"arn:aws:appsync:{outputs.region}:000000000000:apis/{outputs.api_id}"
    statement = {
        "Effect": "Allow",
        "Action": "appsync:GraphQL",
        "Resource": f"{api}/types/Mutation/fields/publishStatus",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=PUBLISHER, PolicyName="publish", PolicyDocument=policy)
    key = iam.create_access_key(UserName=PUBLISHER)["AccessKey"]
    return {"accessKeyId": key["AccessKeyId"], "secretAccessKey": key["SecretAccessKey"]}
