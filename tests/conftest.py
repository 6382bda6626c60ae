"""What all tests share: an environment that says nothing about this machine, and a localcloud a process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from tests.e2e.cloud import Cloud

SCRUBBED = (
    "AWS_",
    "STATUS_",
    "APPSYNC_",
    "USER_SESSIONS_",
    "POWERTOOLS_",
    "STATUSBEAM_",
    "REDACTED_",
    "VIEW_TOKEN_",
    "AGENT_TOOLS",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of ours."""
    parser.addoption(
        "--screenshots",
        type=Path,
        metavar="FOLDER",
        help="let the browser tests write pictures of the page into this folder (make screenshots)",
    )


def pytest_configure() -> None:
    """Scrub before a test's first import, so that none can lean on the caller's account or settings."""
    # A slow machine is not a failing test: no example has a deadline.
    settings.register_profile("statusbeam", deadline=None)
    settings.load_profile("statusbeam")
    for name in list(os.environ):
        if name.startswith(SCRUBBED):
            del os.environ[name]
    os.environ.update(
        AWS_ACCESS_KEY_ID="testing",
        AWS_SECRET_ACCESS_KEY="testing",
        AWS_DEFAULT_REGION="us-east-1",
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
    )


class Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist says no types
    """What stays together when processes share the tests: what needs a localcloud, the one synth, a file.

    The two folders that need a localcloud have one each when there are processes enough: they mostly wait.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        _, folder, *_ = path.split("/")
        return folder if folder in ("e2e", "browser", "infra") else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    """See Together."""
    return Together(config, log)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """`statusbeam local up`, once for all tests of a process; `down` at the end."""
    from tests.e2e import cloud as local  # noqa: PLC0415 - loads the AWS SDK; unit tests do not wait for it
    from tests.e2e.written_logs import found_in_logs  # noqa: PLC0415 - as above

    folder = tmp_path_factory.mktemp("localcloud")
    try:
        running = local.up(folder)
        yield running
        assert found_in_logs(running) == [], "credentials of the tests were written to logs"
    finally:
        local.down(folder)
