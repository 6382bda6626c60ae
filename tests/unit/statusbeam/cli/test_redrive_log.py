"""Redriving a log: whatever form its lines have, every payload is sent once, under its own batch id."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from status_utils import MemoryTransport, publish_agent_status
from status_utils.defaults import override_transport
from status_utils.sending.dead_letter import undelivered_in
from statusbeam.cli.main import main
from statusbeam.cli.redrive_log import redrive
from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.memory import MemoryBroadcaster, MemorySessionStore
from statusbeam.log.publishing.pipeline import Pipeline
from tests.unit.samples import head_of
from tests.unit.status_utils.virtual_sender import DEAD, FakeTransport, World


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What a job of a dead backend and a single publish leave in the log."""
    with World(FakeTransport(lambda: DEAD)).job() as j, j.agent("Geo Agent"):
        pass
    j.sender.flush(last_chance=True)
    dead = FakeTransport(lambda: DEAD)
    publish_agent_status("job-1", "ana", "city", "Late Agent", "complete", 'It said "done"\n', transport=dead)
    return [record.getMessage() for record in caplog.records if record.name == "status_utils.undelivered"]


REQUEST = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
FORMS: dict[str, Callable[[list[str]], str]] = {
    "plain": "\n".join,
    "lambda text": lambda lines: "\n".join(
        f"[ERROR]\t2026-11-20T09:30:00.000Z\t{REQUEST}\t{line}\n\nEND RequestId: {REQUEST}" for line in lines
    ),
    "lambda json": lambda lines: "\n".join(
        json.dumps({"timestamp": "…", "level": "ERROR", "message": line, "requestId": REQUEST})
        for line in lines
    ),
    "aws logs tail of json": lambda lines: "\n".join(
        "2026-11-20T09:30:00.000000+00:00 2026/11/20/[$LATEST]0a1b " + json.dumps({"message": line})
        for line in lines
    ),
    "structured logger": lambda lines: "\n".join(
        json.dumps({"level": "ERROR", "message": json.loads(line)}) for line in lines
    ),
    "filter-log-events": lambda lines: json.dumps(
        {
            "events": [
                {"timestamp": 1, "message": f"[ERROR]\t2026-11-20T09:30:00.000Z\t{REQUEST}\t{line}\n"}
                for line in lines
            ],
            "searchedLogStreams": [],
        },
        indent=4,
    ),
    "filter-log-events of json": lambda lines: json.dumps(
        {"events": [{"message": json.dumps({"level": "ERROR", "message": line})} for line in lines]}
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_log_gives_the_same_payloads(caplog: pytest.LogCaptureFixture, form: str) -> None:
    written = lines(caplog)
    noise = "INFO nothing of ours: statusbeam is mentioned\n" if form in ("plain", "lambda text") else ""
    found = list(undelivered_in(noise + FORMS[form](written)))
    assert found == [json.loads(line)["payload"] for line in written]


@pytest.mark.parametrize(
    "log",
    ["", "{}", "[1, 2]", "{not json", '{"statusbeam": "undelivered", "payl', "statusbeam", '{"a": {"b": 1}}'],
)
def test_a_log_without_such_lines_gives_nothing(log: str) -> None:
    assert list(undelivered_in(log)) == []


def pipeline() -> Pipeline:
    return Pipeline(journal=MemoryJournal(), sessions=MemorySessionStore(), broadcaster=MemoryBroadcaster())


def test_what_was_redriven_is_in_the_journal_once_however_often(caplog: pytest.LogCaptureFixture) -> None:
    log = "\n".join(lines(caplog))
    publisher = pipeline()
    for _ in range(3):
        transport = MemoryTransport()
        result = redrive(log, transport)
        for payload in transport.sent:
            publisher.publish(payload, batch_id="unused", deadline=0)
    assert (result.payloads, result.statuses) == (2, 5)
    head = head_of(publisher.journal, "job-1")
    assert head is not None
    assert head.sequence == 5
    assert head.overall_status == "completed"


def test_the_command_sends_and_prints_the_counts(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log = tmp_path / "agent.log"
    written = lines(caplog)
    log.write_text("\n".join([*written, written[0]]))
    transport = MemoryTransport()
    with override_transport(transport):
        assert main(["redrive-log", str(log)]) == 0
    assert capsys.readouterr().out == ("5 statuses in 2 payloads sent\n1 payloads were duplicates\n")
    assert transport.sent == [json.loads(line)["payload"] for line in written]


def test_a_dry_run_sends_nothing_and_needs_no_backend(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines(caplog))))
    assert main(["redrive-log", "-", "--dry-run"]) == 0
    assert capsys.readouterr().out == "5 statuses in 2 payloads would be sent\n"


def test_what_is_still_refused_is_named_and_the_others_are_sent(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log = tmp_path / "agent.log"
    log.write_text("\n".join(lines(caplog)))
    failures: list[Exception | None] = [DEAD, None]
    transport = FakeTransport(lambda: failures.pop(0))
    with override_transport(transport):
        assert main(["redrive-log", str(log)]) == 1
    shown = capsys.readouterr()
    assert shown.out == "1 statuses in 1 payloads sent\n"
    assert "not sent (EndpointConnectionError): nobody answers" in shown.err


def test_what_breaks_a_rule_is_named_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    publish_agent_status("job-1", "ana#1", "city", "Geo Agent", "complete", "…")
    (record,) = caplog.records
    transport = MemoryTransport()
    result = redrive(record.getMessage(), transport)
    assert transport.sent == []
    assert result.invalid == ["for job job-1: invalid payload: userId must not contain #"]


def test_a_file_that_is_not_there_and_a_missing_setting_are_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["redrive-log", str(tmp_path / "none")]) == 1
    assert "can't read" in capsys.readouterr().err
    (tmp_path / "empty").touch()
    assert main(["redrive-log", str(tmp_path / "empty")]) == 1
    assert "no destination: none of STATUS_QUEUE_URL" in capsys.readouterr().err


def test_each_line_of_a_log_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    written = lines(caplog)
    assert all("\n" not in line for line in written)
    assert {record.levelno for record in caplog.records} == {logging.ERROR}
