"""Fixtures of the end-to-end tests, besides the localcloud of tests/conftest.py."""

from __future__ import annotations

import pytest

from tests.e2e.callers import IamCaller
from tests.e2e.cloud import Cloud


@pytest.fixture(scope="session")
def iam_reader(cloud: Cloud) -> IamCaller:
    """An IAM user that may subscribe to onStatusUpdate and read jobs."""
    return cloud.iam_reader(
        "e2e-reader",
        "Subscription/fields/onStatusUpdate",
        "Query/fields/getJob",
        "Query/fields/listStatusUpdates",
        "Mutation/fields/syncSession",
    )
