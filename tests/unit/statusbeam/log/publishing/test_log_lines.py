"""The publisher's log lines and answers: one line each, with any payload."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.memory import MemoryBroadcaster, MemorySessionStore
from statusbeam.log.publishing.pipeline import Pipeline
from statusbeam.model.errors import StatusError
from tests.unit.samples import entry

HOSTILE = "a\x1b[2J\nERROR forged\r\x9b\u202e\u2028"
VALUES: list[Any] = [HOSTILE, [HOSTILE], {HOSTILE: HOSTILE}, {"a": {HOSTILE: [HOSTILE]}}]
FIELDS = [*entry(), "metadata", "agentName", "toolName", "invocationId", "progress", "attempt", HOSTILE]


@pytest.mark.parametrize("batch_id", ["batch-1", HOSTILE])
@pytest.mark.parametrize("field", FIELDS)
def test_no_payload_forges_a_line_or_drives_a_terminal(
    caplog: pytest.LogCaptureFixture, field: str, batch_id: str
) -> None:
    caplog.set_level(logging.DEBUG)
    texts = []
    for value in VALUES:
        publisher = Pipeline(
            journal=MemoryJournal(), sessions=MemorySessionStore(), broadcaster=MemoryBroadcaster()
        )
        payload = {"batchId": batch_id, "updates": [{**entry(), field: value}, entry()]}
        try:
            answer = publisher.publish(payload, batch_id="message-1", deadline=float("inf"))
        except StatusError as error:
            texts.append(str(error))
        else:
            texts.append(json.dumps(answer, ensure_ascii=False))
    texts += [record.getMessage() for record in caplog.records]
    assert len(texts) > len(VALUES)
    assert [text for text in texts if not text.isprintable()] == []
