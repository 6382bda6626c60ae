"""Events on an EventBridge bus: `source: statusbeam`, `detail-type: Statusbeam Job Status Change`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from statusbeam.model.errors import NotificationError
from statusbeam.model.settings import EVENT_SOURCE, JOB_STATUS_CHANGE
from statusbeam.model.validation import json_text

from ..job_event import JobEvent

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


class EventBusChannel:
    """Puts events on the bus with this name or ARN, with a botocore client handed in."""

    def __init__(self, client: EventBridgeClient, bus: str) -> None:
        self._client = client
        self._bus = bus

    def send(self, event: JobEvent) -> None:
        """See Channel.send."""
        try:
            answer = self._client.put_events(
                Entries=[
                    {
                        "EventBusName": self._bus,
                        "Source": EVENT_SOURCE,
                        "DetailType": JOB_STATUS_CHANGE,
                        "Detail": json_text(event.document()),
                    }
                ]
            )
        except (BotoCoreError, ClientError) as error:
            raise NotificationError(
                f"the event bus refused the event: {type(error).__name__}", code="refused"
            ) from error
        if answer["FailedEntryCount"]:
            code = answer["Entries"][0].get("ErrorCode", "unknown")
            raise NotificationError(f"the event bus refused the event: {code}", code="refused")
