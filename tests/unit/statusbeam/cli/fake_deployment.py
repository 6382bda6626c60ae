"""A deployment with the jobs that a test gives it, for commands that read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from statusbeam.cli.options import UserOptions
from statusbeam.client.deployment import Log
from statusbeam.log.snapshot.fold import fold
from statusbeam.log.snapshot.job_state import Job
from statusbeam.log.snapshot.job_view import job_view
from statusbeam.model.update import StatusUpdate
from tests.unit.statusbeam.client.fake_service import FakeService, status_of


class FakeDeployment:
    """The part of Deployment that commands use. `lost` statuses are missing in each log."""

    user_id = "ana"
    tenant_id = "acme"

    def __init__(self, jobs: dict[str, list[dict[str, Any]]], *, lost: int = 0, is_live: bool = True) -> None:
        self.statuses = jobs
        self.lost = lost
        self.is_live = is_live
        self.services: dict[str, FakeService] = {}

    def service(self, job_id: str) -> FakeService:
        statuses = [{**status, "jobId": job_id} for status in self.statuses.get(job_id, [])]
        service = FakeService([[status] for status in statuses] if self.is_live else [], lost=self.lost)
        if not self.is_live:
            service.log = statuses
        self.services[job_id] = service
        return service

    def updates(self, job_id: str) -> list[StatusUpdate]:
        return [StatusUpdate.from_store({**each, "jobId": job_id}) for each in self.statuses.get(job_id, [])]

    def snapshot(self, job_id: str) -> Job:
        return fold(self.updates(job_id), epoch="e1")

    def job(self, job_id: str) -> dict[str, Any] | None:
        if job_id not in self.statuses:
            return None
        job = self.snapshot(job_id)
        # As getJob answers: what the fold needs beside the schema's fields.
        items = {agent.invocation_id: agent.to_item() for agent in job.agents.values()}
        view = job_view(job)
        agents = [
            {
                **agent,
                "fold": {
                    **items[agent["invocationId"]].get("fold", {}),
                    "order": items[agent["invocationId"]]["order"],
                },
            }
            for agent in view["agents"]
        ]
        return {**view, "agents": agents, "fold": job.head.to_item()["fold"]}

    def log(self, job_id: str, *, after: int = 0) -> Log:
        updates = self.updates(job_id)
        reason = "log_expired" if after < self.lost else None
        kept = [update for update in updates if (update.sequence or 0) > max(after, self.lost)]
        return Log(kept, reason, len(updates))

    def jobs(
        self, *, limit: int, status: str | None, workflow: str | None, since: str | None
    ) -> Iterator[Any]:
        self.asked = {"limit": limit, "status": status, "workflow": workflow, "since": since}
        yield from (job_view(self.snapshot(job_id)) for job_id in list(self.statuses)[:limit])


def deploy(monkeypatch: pytest.MonkeyPatch, deployment: FakeDeployment) -> FakeDeployment:
    """Let every command use this deployment."""
    monkeypatch.setattr(UserOptions, "deployment", lambda _, **__: deployment)
    return deployment


def statuses_of(*words: str, **more: Any) -> list[dict[str, Any]]:
    """Statuses with these words, one after the other."""
    return [status_of(number, word, **more) for number, word in enumerate(words, start=1)]


def agent_statuses(end: str = "agent_complete") -> Sequence[dict[str, Any]]:
    """A job of one agent, which ends so, and goes on."""
    geo = {"agentName": "Geo Agent", "invocationId": "job-1-geo"}
    return [status_of(1, "agent_invoking", **geo), status_of(2, end, **geo), status_of(3, "validating")]
