"""The detail reader's dependencies, built once per cold start. Only this module reads the environment."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.session import Session

from statusbeam.log.publishing.detail_store import read_detail
from statusbeam.model.settings import DetailSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# AppSync waits 10 s for a function.
_CLIENT = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 2, "mode": "standard"})


@cache
def reader() -> Callable[[str], bytes | None]:
    """`read_detail` on the deployed bucket. Raises SettingError."""
    settings = DetailSettings.from_env(os.environ)
    # botocore's own types don't distinguish clients.
    client = cast("S3Client", Session().create_client("s3", config=_CLIENT))
    return partial(read_detail, client, settings.detail_bucket)
