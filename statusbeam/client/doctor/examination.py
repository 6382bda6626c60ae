"""Examines a deployment as a client of it, step by step, until the facts show what is wrong."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from statusbeam.model.limits import SESSION_SECONDS, VIEW_TOKEN_SECONDS
from statusbeam.model.settings import PROBE_PREFIX

from ..api import Api
from ..claims import claims_of
from ..connect import Identity
from ..deployment import Deployment
from ..documents import SESSION_CLOCK, SYNC_SESSION
from ..errors import ClientError, TargetError
from ..target import Target
from ..view_tokens import ViewTokens
from .diagnosis import diagnose
from .facts import Facts, ProbeFacts, ReaderFacts
from .failures import failure_of
from .findings import Finding
from .inspection import (
    inspect_api_key,
    inspect_publisher,
    inspect_queue,
    inspect_stack,
    inspect_tables,
    transport_of,
)
from .probe import Plan, Probe
from .probe_calls import probe_calls
from .recent_jobs import RecentJobs
from .service_clock import ServiceClock

PROBE_STATUSES: Final = 5
STATUSES: Final = 30
PROBE_TIMEOUT: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExaminationOptions:
    """The deployment and the user to examine. With `probe_only`, only the probe runs, for a schedule."""

    statuses: int = STATUSES
    timeout: float = PROBE_TIMEOUT
    probe_only: bool = False
    job: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The facts that were collected, and the first fault."""

    facts: Facts
    finding: Finding | None


class Examination:
    """One examination of a deployment. `whose` is the user who reads. Its methods raise ClientError."""

    def __init__(
        self,
        target: Target,
        whose: Callable[[], Identity],
        wanted: ExaminationOptions,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._target = target
        self._whose = whose
        self._wanted = wanted
        self._now = now
        self._clock = ServiceClock(now=now)
        self._deployment: Deployment | None = None

    def run(self) -> Report:
        """Collect facts until they show what is wrong. Raises TargetError if the settings name no user."""
        facts = Facts(now=self._now(), is_local=self._target.choice.is_local)
        for step in self._steps():
            found = step(facts)
            facts = replace(facts, now=self._now(), clock_ahead=self._clock.ahead, **found)
            finding = diagnose(facts)
            if finding is not None:
                return Report(facts, finding)
        return Report(facts, None)

    def _steps(self) -> Iterator[Callable[[Facts], dict[str, Any]]]:
        yield self._stack
        yield self._tables
        yield self._reader
        if not self._wanted.probe_only:
            yield self._api_key
        yield self._publisher
        yield self._api_clock
        yield self._probe
        if not self._wanted.probe_only:
            yield self._jobs

    def _stack(self, _: Facts) -> dict[str, Any]:
        if self._target.choice.is_local:
            self._clock.listen(self._target.session)
            return {}
        try:
            self._clock.listen(self._target.session)
        except ClientError:
            return {"stack": inspect_stack(self._target)}  # which names the profile that does not exist
        return {"stack": inspect_stack(self._target)}

    def _tables(self, _: Facts) -> dict[str, Any]:
        return {"tables": inspect_tables(self._target)}

    def _reader(self, _: Facts) -> dict[str, Any]:
        try:
            found = self._whose()
        except TargetError:
            raise
        except ClientError as error:
            return {"reader": ReaderFacts(failure=failure_of(error))}
        user, tenant = str(found.user.value), str(found.tenant.value)
        reader = ReaderFacts(user=user, tenant=tenant, how=found.how)
        api = Api(self._target.output("GraphqlUrl"), found.tokens)
        try:
            newest = next(Deployment(api, user, tenant).jobs(limit=1), None)
        except ClientError as error:
            expires = _expiry(found)
            return {"reader": replace(reader, failure=failure_of(error), token_expires_at=expires)}
        return {"reader": replace(reader, newest_job_at=newest["createdAt"] if newest else None)}

    def _api_key(self, _: Facts) -> dict[str, Any]:
        return {"api_key": inspect_api_key(self._target)}

    def _publisher(self, facts: Facts) -> dict[str, Any]:
        found: dict[str, Any] = {"publisher": inspect_publisher(self._target)}
        if transport_of(self._target.outputs) == "queue":
            found["queue"] = inspect_queue(self._target, _tenant(facts))
        return found

    def _api_clock(self, facts: Facts) -> dict[str, Any]:
        """The clock of the API's resolvers, derived from the end of a session."""
        api, connection = self._prober(facts).api, uuid.uuid4().hex
        variables = {"input": {"connectionId": connection, "action": "open", "joined": True}}
        try:
            ends = float(api.run(SESSION_CLOCK, variables)["syncSession"]["expiresAt"])
            ahead = self._now() - (ends - SESSION_SECONDS)
            api.run(SYNC_SESSION, {"input": {**variables["input"], "action": "close"}})
        except ClientError:  # the probe comes next, and finds the reason
            return {}
        return {"api_clock_ahead": ahead}

    def _probe(self, facts: Facts) -> dict[str, Any]:
        deployment = self._prober(facts)
        plan = Plan(
            job_id=f"{PROBE_PREFIX}{uuid.uuid4().hex[:12]}",
            user=deployment.user_id,
            tenant=deployment.tenant_id,
            statuses=self._wanted.statuses,
            timeout=self._wanted.timeout,
        )
        calls = probe_calls(self._target, deployment.tenant_id)

        async def run() -> ProbeFacts:
            return await Probe(plan, deployment.service(plan.job_id), calls).run()

        return {"probe": asyncio.run(run())}

    def _jobs(self, facts: Facts) -> dict[str, Any]:
        assert facts.reader is not None  # noqa: S101 - for the type checker: the step comes later
        jobs = RecentJobs(self._target, facts.reader)
        if self._wanted.job is not None:
            return {"named_job": jobs.named(self._wanted.job)}
        reader = replace(facts.reader, is_in_user_pool=jobs.is_in_pool(facts.reader.user))
        return {"reader": reader, "other_jobs": jobs.of_others()}

    def _prober(self, facts: Facts) -> Deployment:
        """The deployment as the probe's own user sees it."""
        if self._deployment is None:
            user, tenant = f"{PROBE_PREFIX}{uuid.uuid4().hex[:12]}", _tenant(facts)
            tokens = ViewTokens(self._target, user, tenant, seconds=VIEW_TOKEN_SECONDS)
            self._deployment = Deployment(Api(self._target.output("GraphqlUrl"), tokens), user, tenant)
        return self._deployment


def _tenant(facts: Facts) -> str:
    return str(facts.reader.tenant) if facts.reader else ""


def _expiry(found: Identity) -> float | None:
    """The expiry of the reader's token, if it has one."""
    try:
        expires = claims_of(found.tokens.token()).get("exp")
    except ClientError:
        return None
    return float(expires) if isinstance(expires, int | float) else None
