"""Where everything of one running localcloud lies: `.local/`, or the folder of `--state-dir`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class StateFolder:
    """Paths only; `create` makes the folder, private to the user, because it holds keys and passwords."""

    root: Path

    @property
    def outputs(self) -> Path:
        """What the running system is called and where it answers."""
        return self.root / "outputs.json"

    @property
    def process_record(self) -> Path:
        """Which process is the running server."""
        return self.root / "localcloud.pid.json"

    @property
    def lock(self) -> Path:
        """Held while `up` or `down` changes something."""
        return self.root / "lock"

    @property
    def server_log(self) -> Path:
        """What the server prints."""
        return self.root / "localcloud.log"

    @property
    def emulator_log(self) -> Path:
        """What the AWS emulator logs."""
        return self.root / "emulator.log"

    @property
    def deploy_log(self) -> Path:
        """What the CDK CLI prints."""
        return self.root / "cdk.log"

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
        """What the emulator keeps on disk: its token signing keys."""
        return self.root / "emulator"

    @property
    def lambda_runtime(self) -> Path:
        """The modules that Lambda functions find besides their own."""
        return self.root / "lambda-runtime"

    @property
    def scratch(self) -> Path:
        """Temporary files of the server and of the Lambda functions it runs; emptied at start and stop."""
        return self.root / "tmp"

    def create(self) -> None:
        """Make the folder, readable by the user only."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)
