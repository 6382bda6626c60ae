"""Whether there is a request to cancel a scope's job."""

from __future__ import annotations

import os
from collections.abc import Mapping

from .failures import log_not_reported

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Any

    from ..sending.cancel_watch import CancelWatch


class CancelLookup:
    """Looks for one job's scope. `fields` are the job's, by the schema's names."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.opened_at = 0.0
        """When the scope began a run, in epoch seconds; 0 if it began none."""
        self._fields = fields
        self._watch: tuple[int, CancelWatch] | None = None  # of the process that looks
        self._failed = False

    def is_requested(self) -> bool:
        """The answer, at once. Never raises; a failure is logged once."""
        try:
            return self._look()
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller's work goes on
            if not self._failed:
                self._failed = True
                log_not_reported("cancel_requested", self._fields, error)
            return False

    def _look(self) -> bool:
        from statusbeam.model.job_key import JobKey  # noqa: PLC0415 - for jobs that look only

        from ..defaults import cancel_requests_override, default_cancel_requests  # noqa: PLC0415 - as above
        from ..sending.cancel_watch import CancelWatch  # noqa: PLC0415 - as above

        key = JobKey(self._fields["tenantId"], self._fields["jobId"])
        override = cancel_requests_override()
        if override is not None:
            return override.is_requested(key, self.opened_at)
        process = os.getpid()
        if self._watch is None or self._watch[0] != process:  # a forked one has no such thread
            requests = default_cancel_requests()
            if requests is None:
                return False
            self._watch = process, CancelWatch(requests, key, opened_at=self.opened_at)
        return self._watch[1].is_requested()
