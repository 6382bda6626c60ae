"""The files of one localcloud: `.local/`, or the folder of `--state-dir`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class StateFolder:
    """The paths. `create` makes the folder private to the user: it holds keys and passwords."""

    root: Path

    @property
    def outputs(self) -> Path:
        """The names and URLs of the running system."""
        return self.root / "outputs.json"

    @property
    def process_record(self) -> Path:
        """The record of the server's process."""
        return self.root / "localcloud.pid.json"

    @property
    def lock(self) -> Path:
        """The lock of `up` and `down`."""
        return self.root / "lock"

    @property
    def server_log(self) -> Path:
        """The server's output."""
        return self.root / "localcloud.log"

    @property
    def emulator_log(self) -> Path:
        """The AWS emulator's output."""
        return self.root / "emulator.log"

    @property
    def bridge_log(self) -> Path:
        """The bridge's output."""
        return self.root / "bridge.log"

    @property
    def deploy_log(self) -> Path:
        """The CDK CLI's output."""
        return self.root / "cdk.log"

    @property
    def cdk_cli(self) -> Path:
        """The CDK CLI, where no checkout has it; it stays between starts."""
        return self.root / "cdk-cli"

    @property
    def cdk_output(self) -> Path:
        """The synthesised cloud assembly."""
        return self.root / "cdk.out"

    @property
    def stack_outputs(self) -> Path:
        """The outputs of the deployed stacks, as the CDK CLI writes them."""
        return self.root / "stack-outputs.json"

    @property
    def certificates(self) -> Path:
        """The local certificate authority and the server's certificate."""
        return self.root / "certificates"

    @property
    def emulator_state(self) -> Path:
        """The emulator's state on disk: its token signing keys."""
        return self.root / "emulator"

    @property
    def lambda_runtime(self) -> Path:
        """The modules that Lambda functions can import besides their own."""
        return self.root / "lambda-runtime"

    @property
    def scratch(self) -> Path:
        """Temporary files of the server and its Lambda functions; emptied at start and stop."""
        return self.root / "tmp"

    def create(self) -> None:
        """Make the folder, readable by the user only."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)
