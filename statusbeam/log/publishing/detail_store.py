"""The DetailStore in an S3 bucket, with a botocore client handed in.

>>> store = S3DetailStore(lambda: session.create_client("s3"), "detail-bucket")
>>> store.put(key, body)
>>> read_detail(client, "detail-bucket", key)
b'{"detail": 1}'
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from statusbeam.model.errors import DetailStoreError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ABSENT = ("NoSuchKey", "AccessDenied")


class S3DetailStore:
    """Makes its client at the first detail: most publishers never store one."""

    def __init__(self, new_client: Callable[[], S3Client], bucket: str) -> None:
        self._client = cache(new_client)
        self._bucket = bucket

    def put(self, key: str, body: bytes) -> None:
        """See DetailStore.put."""
        try:
            self._client().put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/json")
        except (ClientError, BotoCoreError) as error:
            raise _error(error) from error


def read_detail(client: S3Client, bucket: str, key: str) -> bytes | None:
    """The object at `key`; None if it is missing or has expired. Raises DetailStoreError."""
    # Without the right to list the bucket, S3 answers AccessDenied for a missing object.
    try:
        return client.get_object(Bucket=bucket, Key=key)["Body"].read()
    except (ClientError, BotoCoreError) as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] in _ABSENT:
            return None
        raise _error(error) from error


def _error(error: ClientError | BotoCoreError) -> DetailStoreError:
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    return DetailStoreError(str(error), code=code, retriable=True)
