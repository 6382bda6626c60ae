"""The emulator's account: its id, region and root user. Loads nothing of the emulator."""

from __future__ import annotations

import os

ACCOUNT_ID = "000000000000"
REGION = "us-east-1"
HOST = "127.0.0.1"

# The emulator's root user. By the emulator's documentation, this key has all permissions.
ROOT_ACCESS_KEY = "test"
ROOT_SECRET_KEY = "test"  # noqa: S105 - the emulator's published default, no secret


def root_credentials() -> dict[str, str]:
    """The variables that make the AWS SDKs use the emulator's root user, and no other credentials."""
    return {
        "AWS_ACCESS_KEY_ID": ROOT_ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_SECRET_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
