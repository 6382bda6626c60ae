"""Slack: one message a job, in Block Kit.

| the channel's secret | what happens |
|---|---|
| `{"token": "xoxb-…", "channel": "C…"}` | one message a job, edited; later events answer in its thread |
| `{"url": "https://hooks.slack.com/…"}` | an incoming webhook: one message an event |
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol
from urllib.parse import quote

from statusbeam.model.errors import NotificationError
from statusbeam.model.job_key import JobKey
from statusbeam.model.settings import JobEventType
from statusbeam.model.validation import json_text

from ..https_post import Answer, HttpsClient
from ..job_event import JobEvent

API: Final = "https://slack.com/api"

_HEADER_LENGTH: Final = 150
_TEXT_LENGTH: Final = 2_900
"""Slack's own limits: 150 characters in a header, 3 000 in a section."""

_STATES: Final = {
    JobEventType.STARTED: (":hourglass_flowing_sand:", "Running"),
    JobEventType.WAITING: (":raised_hand:", "Waiting"),
    JobEventType.COMPLETED: (":white_check_mark:", "Completed"),
    JobEventType.FAILED: (":x:", "Failed"),
    JobEventType.CANCELLED: (":no_entry_sign:", "Cancelled"),
    JobEventType.LOST: (":warning:", "Lost"),
}


class Threads(Protocol):
    """Stores the Slack message of each job."""

    def find(self, job: JobKey) -> str | None:
        """The `ts` of the job's message. Raises NotificationError."""
        ...

    def keep(self, job: JobKey, timestamp: str) -> None:
        """Store the `ts` of the job's message. Raises NotificationError."""
        ...


class SlackChannel:
    """Sends events to the place that `target` gives. `link` may contain `{jobId}`."""

    def __init__(
        self,
        target: Callable[[], Any],
        client: HttpsClient,
        threads: Threads | None,
        *,
        link: str | None = None,
        api: str = API,
    ) -> None:
        self._target = target
        self._client = client
        self._threads = threads
        self._link = link
        self._api = api

    def send(self, event: JobEvent) -> None:
        """See Channel.send."""
        target = self._target()
        match target:
            case {"token": str(token), "channel": str(channel)} if self._threads is not None:
                self._in_thread(event, token, channel, self._threads)
            case {"url": str(url)}:
                _check(self._post(url, self._message(event)))
            case _:
                raise NotificationError(
                    'the secret of a Slack channel must be {"url": …} or {"token": …, "channel": …}',
                    code="bad_secret",
                )

    def _in_thread(self, event: JobEvent, token: str, channel: str, threads: Threads) -> None:
        message = {"channel": channel, **self._message(event)}
        found = threads.find(event.key)
        if found is None:
            answer = self._call("chat.postMessage", token, message)
            threads.keep(event.key, str(answer["ts"]))
            return
        self._call("chat.update", token, {**message, "ts": found})
        reply = {"channel": channel, "thread_ts": found, **_text(event)}
        self._call("chat.postMessage", token, reply)

    def _call(self, method: str, token: str, body: Mapping[str, Any]) -> Any:
        answer = self._post(f"{self._api}/{method}", body, {"Authorization": f"Bearer {token}"})
        _check(answer)
        try:
            found = json.loads(answer.body)
            succeeded = found["ok"]
        except (ValueError, TypeError, KeyError) as error:
            raise NotificationError("Slack's answer is not JSON", code="bad_answer") from error
        if not succeeded:
            reason = str(found.get("error", "unknown"))[:64]
            raise NotificationError(f"Slack refused the message: {reason}", code="refused")
        return found

    def _post(self, url: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
        content = {"Content-Type": "application/json; charset=utf-8"}
        return self._client.post(url, json_text(body).encode(), {**content, **(headers or {})})

    def _message(self, event: JobEvent) -> dict[str, Any]:
        return {**_text(event), "blocks": list(blocks(event, self._link))}


def blocks(event: JobEvent, link: str | None) -> Sequence[dict[str, Any]]:
    """The event in Block Kit. Texts of jobs stand in `plain_text`, where Slack reads no markup."""
    icon, state = _STATES[event.type]
    facts = {
        "State": f"{icon} {state}",
        "Workflow": event.job.get("workflow"),
        "Progress": f"{event.job['progress']:g} %" if event.job.get("progress") is not None else None,
        "Job": event.job["jobId"],
    }
    found: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(event.name, _HEADER_LENGTH)},
        {
            "type": "section",
            "fields": [_plain(f"{name}: {value}") for name, value in facts.items() if value is not None],
        },
        {"type": "section", "text": _plain(event.message)},
    ]
    if link is not None:
        url = link.replace("{jobId}", quote(event.job["jobId"], safe=""))
        button = {"type": "button", "text": _plain("Open the job"), "url": url}
        found.append({"type": "actions", "elements": [button]})
    return found


def _text(event: JobEvent) -> dict[str, str]:
    """The text of answers in a thread, and of notifications on a screen."""
    icon, state = _STATES[event.type]
    return {"text": escape(f"{icon} {event.name}: {state}. {event.message}"[:_TEXT_LENGTH])}


def escape(text: str) -> str:
    """The text without the characters that begin a mention or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(text: str, length: int = _TEXT_LENGTH) -> dict[str, Any]:
    cut = text if len(text) <= length else f"{text[: length - 1]}…"
    return {"type": "plain_text", "text": cut, "emoji": True}


def _check(answer: Answer) -> None:
    if not answer.succeeded:
        raise NotificationError(
            f"Slack answered {answer.status}", code=f"http_{answer.status}", retry_after=answer.retry_after
        )
