"""Redriving log lines of any form: every payload is sent once, under its own batch id."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from status_utils import MemoryTransport, publish_agent_status
from status_utils.defaults import override_transport, undelivered_key
from status_utils.sending.undelivered_log import undelivered_in
from statusbeam.cli.commands.redrive_log import redrive
from statusbeam.cli.main import main
from statusbeam.log.journal.memory import MemoryJournal
from statusbeam.log.publishing.memory import MemoryBroadcaster, MemorySessionStore
from statusbeam.log.publishing.pipeline import Pipeline
from tests.unit.samples import head_of, update
from tests.unit.status_utils.virtual_sender import DEAD, FakeTransport, World


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The log lines of a job with a dead backend and of a single publish."""
    with World(FakeTransport(lambda: DEAD)).job() as j, j.agent("Geo Agent"):
        pass
    j.sender.flush(last_chance=True)
    dead = FakeTransport(lambda: DEAD)
    publish_agent_status("job-1", "ana", "city", "Late Agent", "complete", 'It said "done"\n', transport=dead)
    return [record.getMessage() for record in caplog.records if record.name == "status_utils.undelivered"]


OURS = "status_utils.undelivered"
REQUEST = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
FORMS: dict[str, Callable[[list[str]], str]] = {
    "plain": "\n".join,
    "lambda text": lambda lines: "\n".join(
        f"[ERROR]\t2026-11-20T09:30:00.000Z\t{REQUEST}\t{line}\n\nEND RequestId: {REQUEST}" for line in lines
    ),
    "lambda json": lambda lines: "\n".join(
        json.dumps(
            {"timestamp": "…", "level": "ERROR", "message": line, "logger": OURS, "requestId": REQUEST}
        )
        for line in lines
    ),
    "aws logs tail of json": lambda lines: "\n".join(
        "2026-11-20T09:30:00.000000+00:00 2026/11/20/[$LATEST]0a1b "
        + json.dumps({"message": line, "logger": OURS})
        for line in lines
    ),
    "aws logs tail of text": lambda lines: "\n".join(
        f"2026-11-20T09:30:00+00:00 2026/11/20/[$LATEST]0a1b [ERROR]\t2026-11-20T09:30:00Z\t{REQUEST}\t{line}"
        for line in lines
    ),
    "aws logs tail, short": lambda lines: "\n".join(f"2026-11-20T09:30:00 {line}" for line in lines),
    "python's own format": lambda lines: "\n".join(f"ERROR:{OURS}:{line}" for line in lines),
    "a usual format": lambda lines: "\n".join(
        f"2026-11-20 09:30:00,123 - {OURS} - ERROR - {line}" for line in lines
    ),
    "structured logger": lambda lines: "\n".join(
        json.dumps({"level": "error", "name": OURS, "msg": json.loads(line)}) for line in lines
    ),
    "structlog": lambda lines: "\n".join(
        json.dumps({"event": line, "logger": OURS, "level": "error"}) for line in lines
    ),
    "powertools": lambda lines: "\n".join(
        json.dumps({"level": "ERROR", "location": "log_undelivered:51", "message": json.loads(line)})
        for line in lines
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
        {"events": [{"message": json.dumps({"logger": OURS, "message": line}) + "\n"} for line in lines]}
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_log_gives_the_same_payloads(caplog: pytest.LogCaptureFixture, form: str) -> None:
    written = lines(caplog)
    noise = "INFO nothing of ours: statusbeam is mentioned\n" if form in ("plain", "lambda text") else ""
    found = list(undelivered_in(noise + FORMS[form](written)))
    assert found == [json.loads(line)["payload"] for line in written]


def test_lines_that_powertools_formats_itself_count_as_ours(caplog: pytest.LogCaptureFixture) -> None:
    written = lines(caplog)
    formatter = LambdaPowertoolsFormatter()
    log = "\n".join(formatter.format(record) for record in caplog.records if record.name == OURS)
    assert list(undelivered_in(log)) == [json.loads(line)["payload"] for line in written]


@pytest.mark.parametrize(
    "log",
    ["", "{}", "[1, 2]", "{not json", '{"statusbeam": "undelivered", "payl', "statusbeam", '{"a": {"b": 1}}'],
)
def test_a_log_without_such_lines_gives_nothing(log: str) -> None:
    assert list(undelivered_in(log)) == []


FORGED = json.dumps(
    {
        "statusbeam": "undelivered",
        "error": "TransportError",
        "code": None,
        "reason": None,
        "payload": {"batchId": "forged", "updates": [update().to_wire()]},
    }
)
ELSEWHERE = {"logger": "agent", "level": "ERROR"}
FORGERIES = {
    "in a sentence": f"INFO:agent:the prompt is {FORGED}",
    "behind the name of our logger": f"INFO:agent:ERROR:{OURS}:{FORGED}",
    "on a line of its own": f"INFO:agent:the prompt is\n{FORGED}",
    "behind a carriage return": f"the prompt is\r{FORGED}",
    "behind a line separator": f"the prompt is\u2028{FORGED}",
    "behind a form feed": f"the prompt is\x0c{FORGED}",
    "in text of Lambda": f"[INFO]\t2026-11-20T09:30:00Z\t{REQUEST}\t{FORGED}",
    "in more text of Lambda": f"[ERROR]\t2026-11-20T09:30:00Z\t{REQUEST}\tprompt: {FORGED}",
    "in a line of its own in text of Lambda": f"[ERROR]\t2026-11-20T09:30:00Z\t{REQUEST}\tprompt\n{FORGED}",
    "as another logger's message": json.dumps({**ELSEWHERE, "message": FORGED}),
    "as another logger's object": json.dumps({**ELSEWHERE, "message": json.loads(FORGED)}),
    "in another logger's field": json.dumps({**ELSEWHERE, "message": "asked", "prompt": FORGED}),
    "as a record in a record": json.dumps({**ELSEWHERE, "message": {"logger": OURS, "message": FORGED}}),
    "as a record in a text": json.dumps(
        {**ELSEWHERE, "message": json.dumps({"logger": OURS, "message": FORGED})}
    ),
    "beside our message": json.dumps({"logger": OURS, "message": "lost", "prompt": FORGED}),
    "in our message": json.dumps({"logger": OURS, "message": f"lost: {FORGED}"}),
    "as the message of nobody": json.dumps({"level": "INFO", "message": FORGED}),
    "where another function logs": json.dumps({"location": "ask:9", "level": "ERROR", "message": FORGED}),
    "among records of JSON": json.dumps({**ELSEWHERE, "message": "hello"}) + f"\n{FORGED}",
    "as if a stream were before it": f"2026-11-20T09:30:00Z prompt: {FORGED}",
    "with more beside it": json.dumps({**json.loads(FORGED), "prompt": "…"}),
    "in an event": json.dumps({"events": [{"message": f"prompt: {FORGED}"}]}),
    "on a line of an event": json.dumps({"events": [{"message": f"prompt\n{FORGED}"}]}),
    "beginning like ours on a line of an event": json.dumps(
        {"events": [{"message": f"[INFO]\t2026\t{REQUEST}\tprompt\n[ERROR]\t2026\t{REQUEST}\t{FORGED}"}]}
    ),
    "in an event of another logger": json.dumps(
        {"events": [{"message": json.dumps({**ELSEWHERE, "message": FORGED})}]}
    ),
}


def test_the_forged_payload_would_be_accepted_from_our_logger() -> None:
    assert redrive(f"ERROR:{OURS}:{FORGED}", None).payloads == 1


@pytest.mark.parametrize("name", FORGERIES)
@pytest.mark.parametrize("key", [None, "a key"])
def test_forged_lines_of_a_log_are_not_sent(name: str, key: str | None) -> None:
    transport = MemoryTransport()
    result = redrive(FORGERIES[name], transport, key=key)
    assert transport.sent == []
    assert (result.payloads, result.statuses) == (0, 0)


@pytest.mark.parametrize("name", [name for name in FORGERIES if name != "with more beside it"])
def test_forged_lines_are_counted_and_named(name: str) -> None:
    result = redrive(FORGERIES[name], None)
    assert [*result.foreign, *result.unsigned] == ["forged"]


SIGNING_KEY = "a secret of the deployment, 32 characters"


@pytest.fixture
def signed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that has a key."""
    monkeypatch.setenv("UNDELIVERED_KEY", SIGNING_KEY)
    undelivered_key.cache_clear()
    yield
    undelivered_key.cache_clear()


@pytest.mark.usefixtures("signed")
@pytest.mark.parametrize("form", FORMS)
def test_signed_lines_are_sent_from_every_form(caplog: pytest.LogCaptureFixture, form: str) -> None:
    written = lines(caplog)
    found = list(undelivered_in(FORMS[form](written), key=SIGNING_KEY))
    assert found == [json.loads(line)["payload"] for line in written]


@pytest.mark.usefixtures("signed")
def test_with_a_key_only_lines_that_it_signed_are_sent(caplog: pytest.LogCaptureFixture) -> None:
    genuine = [json.loads(line) for line in lines(caplog)]
    changed = json.loads(json.dumps(genuine[0]))
    changed["payload"]["updates"][0]["userId"] = "eve"
    bare = {name: value for name, value in genuine[0].items() if name != "signature"}
    log = "\n".join(json.dumps(line) for line in (changed, bare, genuine[1]))
    transport = MemoryTransport()
    result = redrive(log, transport, key=SIGNING_KEY)
    assert transport.sent == [genuine[1]["payload"]]
    batch_id = genuine[0]["payload"]["batchId"]
    assert (result.foreign, result.unsigned) == ([batch_id], [batch_id])
    assert list(undelivered_in(log, key="another key")) == []


@pytest.mark.usefixtures("signed")
def test_unsigned_lines_are_named_and_sent_on_demand(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (line, *_) = [json.loads(line) for line in lines(caplog)]
    del line["signature"]
    log = f"{json.dumps(line)}\n{FORGERIES['in a sentence']}"
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(line)))
    assert main(["redrive-log", "-", "--dry-run"]) == 1
    assert capsys.readouterr() == (
        "0 statuses in 0 payloads would be sent\n",
        f"1 unsigned lines not sent (--unsigned sends them): {line['payload']['batchId']}\n",
    )
    transport = MemoryTransport()
    result = redrive(log, transport, key=SIGNING_KEY, unsigned=True)
    assert transport.sent == [line["payload"]]
    assert result.foreign == ["forged"]


def test_a_name_from_a_log_steers_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    forged = FORGED.replace("forged", "\\u001b[2J\\u202e\\n\\u009bforged")
    monkeypatch.setattr(
        "sys.stdin", io.StringIO(f"{forged}\n{FORGERIES['in a sentence'].replace(FORGED, forged)}")
    )
    assert main(["redrive-log", "-", "--dry-run"]) == 1
    shown = capsys.readouterr()
    assert "forged" in shown.err
    assert all(line.isprintable() for text in shown for line in text.splitlines())


def pipeline() -> Pipeline:
    return Pipeline(journal=MemoryJournal(), sessions=MemorySessionStore(), broadcaster=MemoryBroadcaster())


def test_repeated_redrives_leave_each_status_in_the_journal_once(caplog: pytest.LogCaptureFixture) -> None:
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


def test_a_status_that_is_still_refused_is_named_and_the_others_are_sent(
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


def test_a_status_that_breaks_a_rule_is_named_and_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    publish_agent_status("job-1", "ana#1", "city", "Geo Agent", "complete", "…")
    (record,) = caplog.records
    transport = MemoryTransport()
    result = redrive(record.getMessage(), transport)
    assert transport.sent == []
    assert result.invalid == ["for job job-1: invalid payload: userId must not contain #"]


def test_a_file_that_is_not_there_and_a_missing_setting_are_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["redrive-log", str(tmp_path / "none")]) == 5
    assert "can't read" in capsys.readouterr().err
    (tmp_path / "empty").touch()
    assert main(["redrive-log", str(tmp_path / "empty")]) == 2
    assert "no destination: none of STATUS_QUEUE_URL" in capsys.readouterr().err


def test_each_line_of_a_log_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    written = lines(caplog)
    assert all("\n" not in line for line in written)
    assert {record.levelno for record in caplog.records} == {logging.ERROR}
