"""The transport without a publisher Lambda: this process commits and pushes, for containers and the like.

    >>> DirectTransport(lambda: pipeline).send(payload)
    >>> DirectTransport(lambda: direct_pipeline(settings)).send(payload)

The process needs the publisher's permissions (the two tables, the one mutation) and the packages of the extra
`direct`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from statusbeam.model.clock import Clock
from statusbeam.model.errors import (
    BroadcastError,
    JournalError,
    RejectionCode,
    SessionStoreError,
    SettingError,
    TransportError,
)

from .process_local import ProcessLocal

if TYPE_CHECKING:
    from statusbeam.log.publishing.pipeline import Pipeline, PublishResult
    from statusbeam.model.settings import PublisherSettings

DEADLINE_SECONDS: Final = 10
"""How long a commit waits for other writers of the same job."""

_log = logging.getLogger(__name__)


class DirectTransport:
    """Runs the publisher's pipeline, one payload at a time. A forked process makes its own pipeline."""

    def __init__(self, new_pipeline: Callable[[], Pipeline], *, clock: Clock | None = None) -> None:
        # One thread at a time may use the pipeline. A forked process needs its own lock as well.
        self._pipeline = ProcessLocal(lambda: (new_pipeline(), Lock()))
        self._clock = clock or Clock()

    def prepare(self) -> None:
        """Load the AWS SDK and make the clients. Raises what these raise."""
        self._pipeline.get()

    def send(self, payload: Mapping[str, Any]) -> None:
        """See Transport.send.

        A status is accepted once it is committed: clients that miss its push fetch it from the job's log. The
        pipeline writes rejected statuses to this process's logs; this transport writes the jobs that belong
        to another user.
        """
        try:
            pipeline, lock = self._pipeline.get()
            with lock:
                result = pipeline.publish(
                    payload,
                    batch_id=os.urandom(16).hex(),
                    deadline=self._clock.now() + DEADLINE_SECONDS,
                )
            _warn_of_foreign_jobs(payload, result)
        except JournalError as error:
            raise TransportError(error.message, code=error.code, retriable=error.retriable) from error
        except (SessionStoreError, BroadcastError) as error:
            _log.warning("code=<%s> | committed, not pushed: %s", error.code, error.message)
        except SettingError as error:  # of this process: it may be there at the next try
            raise TransportError(error.message, code=error.code, retriable=True) from error
        except ImportError as error:
            raise TransportError(str(error), code="not_installed", retriable=False) from error


def _warn_of_foreign_jobs(payload: Mapping[str, Any], result: PublishResult) -> None:
    """Warn once for each job of another user, because its reporter uses an id that is in use."""
    updates = payload.get("updates", [payload])
    refused = (r["index"] for r in result["rejected"] if r["code"] == RejectionCode.FOREIGN_OWNER)
    for job_id in dict.fromkeys(updates[index]["jobId"] for index in refused):
        _log.warning(
            "job_id=<%s>, code=<%s> | refused: the job belongs to another user of the tenant",
            job_id,
            RejectionCode.FOREIGN_OWNER,
        )


def direct_pipeline(settings: PublisherSettings) -> Pipeline:
    """The publisher's pipeline on the tables and the API that its settings name. Raises SettingError."""
    import boto3.session  # noqa: PLC0415 - loaded at first send
    from botocore.config import Config  # noqa: PLC0415

    from statusbeam.log.publishing.on_aws import pipeline_on_aws  # noqa: PLC0415

    session = boto3.session.Session()
    credentials = session.get_credentials()
    if credentials is None:
        raise SettingError("AWS_ACCESS_KEY_ID", "is not set, and no other credentials were found")
    config = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 2, "mode": "standard"})
    return pipeline_on_aws(
        settings,
        client=session.client("dynamodb", config=config),
        credentials=credentials,
        new_s3_client=lambda: session.client("s3", config=config),
    )
