"""Slack: one message for each job if the channel has a token, one for each event if it has an address."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from statusbeam.model.errors import NotificationError
from statusbeam.model.job_key import JobKey
from statusbeam.model.settings import JobEventType
from statusbeam.notifications.channels.slack import SlackChannel, blocks, escape
from tests.unit.statusbeam.notifications.samples import job_event
from tests.unit.statusbeam.notifications.tls_server import Receiver, receiver

LINK = "https://status.example.com/#/jobs/{jobId}"


class MemoryThreads(dict[JobKey, str]):
    """Threads of one test."""

    def find(self, job: JobKey) -> str | None:
        return self.get(job)

    def keep(self, job: JobKey, timestamp: str) -> None:
        self[job] = timestamp


@pytest.fixture
def slack() -> Iterator[Receiver]:
    with receiver() as slack:
        yield slack


def with_token(slack: Receiver, threads: MemoryThreads) -> SlackChannel:
    slack.answers[:] = [(200, {}, b'{"ok": true, "ts": "1795163400.000100"}')]
    target = {"token": "xoxb-1", "channel": "C1"}
    return SlackChannel(lambda: target, slack.client, threads, link=LINK, api=slack.url)


def requests(slack: Receiver) -> list[tuple[str, dict[str, Any]]]:
    return [(path, json.loads(body)) for path, _, body in slack.received]


def test_a_job_has_one_message_that_is_edited_and_a_thread(slack: Receiver) -> None:
    channel = with_token(slack, MemoryThreads())
    channel.send(job_event(JobEventType.STARTED, message="Choosing agents"))
    channel.send(job_event(JobEventType.COMPLETED))
    first, edit, reply = requests(slack)
    assert [path for path, _ in (first, edit, reply)] == [
        "/chat.postMessage",
        "/chat.update",
        "/chat.postMessage",
    ]
    assert "thread_ts" not in first[1]
    assert edit[1]["ts"] == reply[1]["thread_ts"] == "1795163400.000100"
    assert "Completed" in edit[1]["text"]
    assert slack.received[0][1]["authorization"] == "Bearer xoxb-1"


def test_an_incoming_webhook_gets_a_message_for_each_event(slack: Receiver) -> None:
    slack.answers[:] = [(200, {}, b"ok")]
    channel = SlackChannel(lambda: {"url": f"{slack.url}/services/T/B/x"}, slack.client, None, link=LINK)
    channel.send(job_event(JobEventType.STARTED))
    channel.send(job_event(JobEventType.LOST))
    assert [path for path, _ in requests(slack)] == ["/services/T/B/x"] * 2
    assert [one["blocks"][0]["type"] for _, one in requests(slack)] == ["header"] * 2


def test_a_message_is_block_kit_without_markup_of_the_jobs(slack: Receiver) -> None:
    event = job_event(message="<!channel> *look* & see", title="x" * 200)
    header, facts, text, actions = blocks(event, LINK)
    assert len(header["text"]["text"]) == 150
    assert text["text"] == {"type": "plain_text", "text": "<!channel> *look* & see", "emoji": True}
    assert [fact["text"] for fact in facts["fields"]][-1] == "Job: job-1"
    assert actions["elements"][0]["url"] == "https://status.example.com/#/jobs/job-1"
    assert len(blocks(event, None)) == 3


def test_a_mention_in_a_jobs_message_reaches_nobody(slack: Receiver) -> None:
    channel = with_token(slack, MemoryThreads())
    channel.send(job_event(message="<!channel> & <@U1>"))
    ((_, sent),) = requests(slack)
    assert "&lt;!channel&gt; &amp; &lt;@U1&gt;" in sent["text"]
    assert escape("<a>&") == "&lt;a&gt;&amp;"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((200, {}, b'{"ok": false, "error": "channel_not_found"}'), "refused"),
        ((200, {}, b"<html>"), "bad_answer"),
        ((200, {}, b"[]"), "bad_answer"),
        ((429, {"retry-after": "30"}, b""), "http_429"),
    ],
)
def test_a_message_that_slack_refuses_is_a_failure_without_a_thread(
    slack: Receiver, answer: tuple[int, dict[str, str], bytes], code: str
) -> None:
    threads = MemoryThreads()
    channel = with_token(slack, threads)
    slack.answers[:] = [answer]
    with pytest.raises(NotificationError) as caught:
        channel.send(job_event())
    assert caught.value.code == code
    assert threads == {}


@pytest.mark.parametrize("target", [None, {}, {"url": 7}, {"token": "xoxb-1"}])
def test_a_secret_that_holds_something_else_is_refused(slack: Receiver, target: Any) -> None:
    with pytest.raises(NotificationError, match="must be"):
        SlackChannel(lambda: target, slack.client, MemoryThreads()).send(job_event())
