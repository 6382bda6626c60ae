"""Oversize detail: stored in the bucket by the publisher, read by the one function that may."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from lambdas.status_detail._wiring import reader
from lambdas.status_detail.handler import handler
from statusbeam.log.publishing.detail_store import S3DetailStore, read_detail
from statusbeam.model.errors import DetailStoreError, SettingError
from statusbeam.model.settings import DetailSettings
from tests.unit.lambda_context import Context

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "details"
KEY = f"{'a' * 64}/{'b' * 64}.json"
BODY = {"detail": {"ä": [1]}, "operatorDetail": None}


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Client]:
    for name, value in DetailSettings(detail_bucket=BUCKET).to_env().items():
        monkeypatch.setenv(name, value)
    reader.cache_clear()
    with mock_aws():
        made = boto3.client("s3", region_name="us-east-1")
        made.create_bucket(Bucket=BUCKET)
        yield made
    reader.cache_clear()


def ask(event: Any) -> Any:
    return handler(event, cast("Any", Context()))


def test_a_stored_detail_is_read(client: S3Client) -> None:
    S3DetailStore(lambda: client, BUCKET).put(KEY, json.dumps(BODY).encode())
    assert ask({"key": KEY}) == BODY


def test_a_missing_detail_is_none(client: S3Client) -> None:
    assert ask({"key": KEY}) is None


@pytest.mark.parametrize(
    "event", [None, {}, [], "x", {"key": 7}, {"key": "../x"}, {"key": f"{KEY}\n"}, {"key": ""}]
)
def test_an_invalid_detail_key_is_refused(event: Any) -> None:
    with pytest.raises(DetailStoreError) as refused:
        ask(event)
    assert (refused.value.code, refused.value.retriable) == ("bad_key", False)


def test_without_its_bucket_it_names_the_missing_setting() -> None:
    reader.cache_clear()
    with pytest.raises(SettingError, match="DETAIL_BUCKET"):
        ask({"key": KEY})


def test_a_bucket_that_is_gone_is_an_error_of_ours(client: S3Client) -> None:
    with pytest.raises(DetailStoreError) as failed:
        S3DetailStore(lambda: client, "no-bucket").put(KEY, b"{}")
    assert (failed.value.code, failed.value.retriable) == ("NoSuchBucket", True)
    with pytest.raises(DetailStoreError):
        read_detail(client, "no-bucket", KEY)


def test_a_missing_object_may_look_like_a_denied_one() -> None:
    """S3 tells whether an object exists only to those who may list the bucket, and the reader may not."""

    class Denying:
        def get_object(self, **request: Any) -> Any:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "GetObject")

    assert read_detail(cast("Any", Denying()), BUCKET, KEY) is None


def test_the_store_makes_its_client_at_the_first_detail(client: S3Client) -> None:
    made: list[int] = []

    def new_client() -> S3Client:
        made.append(1)
        return client

    store = S3DetailStore(new_client, BUCKET)
    assert made == []
    store.put(KEY, b"{}")
    store.put(KEY, b"{}")
    assert made == [1]
