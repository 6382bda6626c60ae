"""Shared by all tests: an environment without variables of this machine, and one localcloud for each
process."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

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
    "_X_AMZN_TRACE_ID",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our own options."""
    parser.addoption(
        "--screenshots",
        type=Path,
        metavar="FOLDER",
        help="let the browser tests write pictures of the page into this folder (make screenshots)",
    )
    parser.addoption(
        "--random-logs", type=int, default=200, help="how many random logs AG-UI's client reads (make search)"
    )
    parser.addoption("--random-seed", type=int, default=7, help="the seed that these logs are drawn from")
    parser.addoption(
        "--write-help", action="store_true", help="write the golden files of the command's help anew"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Remove the caller's variables before the first import, so that no test uses the caller's account or
    settings."""
    # A slow machine is not a failing test: no example has a deadline. A change is judged by the same examples
    # each time; `make search` draws new ones.
    settings.register_profile("statusbeam", deadline=None, derandomize=True)
    settings.register_profile("search", deadline=None, max_examples=1_000)
    if not config.getoption("hypothesis_profile"):
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


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector away from what collecting the tests makes, since nearly all of it stays.

    Otherwise it visits those millions of objects repeatedly, which takes half of the time of the collection,
    and more in each full round later.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


EACH_ALONE = (
    "tests/unit/statusbeam/conformance/test_foreign_servers.py",
    "tests/unit/statusbeam/log/snapshot/test_fold_twin.py",
    "soak",
)
"""Where each test takes a second or more and shares nothing with the next: any process may take it."""

LONGEST_FIRST = ("browser", "e2e", "infra", "packages", *EACH_ALONE)
"""Folders, and two files, by how long their tests take; the other files take seconds."""


E2E_SHARES = 2
"""The files of tests/e2e are two shares of about the same length, each with a localcloud of its own. They
mostly wait, and in one process they would take longer than all other tests."""


class Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist says no types
    """Shares the tests out to the processes. A folder or share that needs a localcloud or the one synth stays
    together, as does a file of unit tests. Each of the long tests that share nothing is work of its own.
    """

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # pytest_collection_modifyitems orders them

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def scope_of(nodeid: str) -> str:
    """The piece of work of a test: a folder, a share of one, a file, or the test alone."""
    path = nodeid.partition("::")[0]
    folder = folder_of(nodeid)
    if folder in EACH_ALONE or path in EACH_ALONE:
        return nodeid
    if folder == "e2e":
        return f"{folder} {crc32(path.encode()) % E2E_SHARES}"
    return folder if folder in LONGEST_FIRST else path


def folder_of(nodeid: str) -> str:
    """The folder in tests/ that a test is in."""
    return nodeid.split("/")[1]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Start with the longest work, so that no process works on it alone at the end."""
    if not is_xdist_worker(config):
        return
    sizes = Counter(scope_of(item.nodeid) for item in items)
    ranks = {name: rank for rank, name in enumerate(LONGEST_FIRST)}

    def order(item: pytest.Item) -> tuple[int, int]:
        folder, path = folder_of(item.nodeid), item.nodeid.partition("::")[0]
        return ranks.get(folder, ranks.get(path, len(ranks))), -sizes[scope_of(item.nodeid)]

    items.sort(key=order)


def is_xdist_worker(config: pytest.Config) -> bool:
    """Whether this process is one of several that share the tests."""
    return hasattr(config, "workerinput")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    """See Together."""
    return Together(config, log)


@pytest.fixture(scope="session", autouse=True)
def sdk_models() -> Iterator[None]:
    """Cache the SDK's service models in the process, because each new session would read them again."""
    from botocore import session  # noqa: PLC0415 - not before AWS's variables are in order

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "create_loader", cache(session.create_loader))
        yield


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
