"""A job whose statuses a test publishes, one by one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from statusbeam.localcloud.outputs import DemoUser
from tests.browser.dashboard import Dashboard, Row
from tests.e2e.cloud import Cloud, fresh_id, status


@dataclass(frozen=True)
class Story:
    """A job of a test. Each status is committed and pushed when `publish` returns."""

    cloud: Cloud
    user: DemoUser
    job_id: str = field(default_factory=lambda: fresh_id("job"))
    published: list[str] = field(default_factory=list)

    def publish(self, *messages: str, seconds_ago: float = 0, **more: Any) -> None:
        """Publish statuses, each in a separate commit."""
        for message in messages:
            self.cloud.publish(self._status(message, seconds_ago, more))
            self.published.append(message)

    def publish_at_once(self, *statuses: dict[str, Any], seconds_ago: float = 0) -> None:
        """Publish statuses in one commit, each at its own `at`, seconds after the beginning."""
        self.cloud.publish(
            *(
                self._status(
                    each["message"],
                    seconds_ago - each.get("at", 0),
                    {key: value for key, value in each.items() if key not in {"at", "message"}},
                )
                for each in statuses
            )
        )
        self.published.extend(each["message"] for each in statuses)

    def expect_on(self, dashboard: Dashboard, *, from_the_log: frozenset[int] = frozenset()) -> None:
        """Fail unless the page shows every status in order, and marks those that no push brought."""
        dashboard.expect_whole(len(self.published))
        dashboard.expect_log_length(len(self.published))
        rows = dashboard.rows()
        assert [(row.sequence, row.text) for row in rows] == list(enumerate(self.published, start=1))
        if from_the_log:
            assert {row.sequence for row in rows if row.is_from_the_log} == from_the_log

    def shown(self, *sequences: int) -> list[Row]:
        """These statuses as the page shows them."""
        return [Row(sequence=each, source="Geo Agent", text=self.published[each - 1]) for each in sequences]

    def _status(self, message: str, seconds_ago: float, more: dict[str, Any]) -> dict[str, Any]:
        at = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=seconds_ago)
        timestamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        made = status(
            self.job_id, self.user.user_id, self.user.tenant_id, message, timestamp=timestamp, **more
        )
        return {key: value for key, value in made.items() if value is not None}
