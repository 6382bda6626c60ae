"""One localcloud for all end-to-end tests: the real CLI brings it up, and takes it down at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e import cloud as local
from tests.e2e.callers import IamCaller


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.Cloud]:
    """`statusbeam local up`, once."""
    folder = tmp_path_factory.mktemp("localcloud")
    try:
        yield local.up(folder)
    finally:
        local.down(folder)


@pytest.fixture(scope="session")
def iam_reader(cloud: local.Cloud) -> IamCaller:
    """An IAM user that may subscribe to onStatusUpdate and read jobs."""
    return cloud.iam_reader(
        "e2e-reader",
        "Subscription/fields/onStatusUpdate",
        "Query/fields/getJob",
        "Query/fields/listStatusUpdates",
        "Mutation/fields/syncSession",
    )
