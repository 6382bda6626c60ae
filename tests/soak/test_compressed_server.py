"""The emulator of the load keeps for seconds what it keeps for hours or minutes otherwise."""

from __future__ import annotations

import pytest
from ministack.services import dynamodb, lambda_svc

from tests.soak.compressed_server import KEPT_SECONDS, compress_emulator
from tests.soak.load import growth


def test_the_emulator_keeps_streams_and_tokens_for_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lambda_svc, "_ESM_IDLE_WAKE_GAP_SECONDS", 0.05)
    monkeypatch.setattr(dynamodb, "_STREAM_RETENTION_SECONDS", 86_400)
    monkeypatch.setattr(dynamodb, "_TXN_TOKEN_TTL", 600)
    compress_emulator()
    assert (dynamodb._STREAM_RETENTION_SECONDS, dynamodb._TXN_TOKEN_TTL) == (KEPT_SECONDS, KEPT_SECONDS)
    assert "_TXN_TOKEN_TTL" in dynamodb._txn_token_store.__code__.co_names


def test_an_emulator_with_other_names_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lambda_svc, "_ESM_IDLE_WAKE_GAP_SECONDS", 0.05)
    monkeypatch.setattr(dynamodb, "_STREAM_RETENTION_SECONDS", 86_400)
    monkeypatch.delattr(dynamodb, "_TXN_TOKEN_TTL")
    with pytest.raises(LookupError, match="the emulator has no _TXN_TOKEN_TTL"):
        compress_emulator()


def test_growth_is_that_of_the_last_third_above_the_second() -> None:
    assert growth([10, 50, 100, 100, 110, 110]) == pytest.approx(0.1)
    assert growth([10, 50, 80, 100, 100, 100, 100, 100, 100]) == 0
