"""What every test shares: an environment that says nothing about the machine it runs on."""

from __future__ import annotations

import os

from hypothesis import settings

SCRUBBED = (
    "AWS_",
    "STATUS_",
    "APPSYNC_",
    "USER_SESSIONS_",
    "POWERTOOLS_",
    "STATUSBEAM_",
    "VIEW_TOKEN_",
    "AGENT_TOOLS",
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
