"""A demo user of the running localcloud: signs in, starts the demo's jobs, and answers their waits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from statusbeam.client.api import Api, FixedToken, post
from statusbeam.client.deployment import Deployment
from statusbeam.client.documents import ANSWER_WAITING
from statusbeam.client.errors import UnreachableError
from statusbeam.client.logins import sign_in as sign_in_at
from statusbeam.client.target import Flags, Target, choose
from statusbeam.localcloud.outputs import DemoUser, LocalOutputs

from .command import CommandError


def choose_user(outputs: LocalOutputs, username: str | None) -> DemoUser:
    """The demo user with this name, or the first that is not an operator. Raises CommandError."""
    if outputs.user_pool_client_id is None:
        raise CommandError(
            f"this localcloud has no demo users: readers sign in at {outputs.oidc_issuer}. "
            "Start one without --oidc-issuer."
        )
    if username is None:
        return next(user for user in outputs.demo_users if "operator" not in user.roles)
    for user in outputs.demo_users:
        if user.username == username:
            return user
    known = ", ".join(user.username for user in outputs.demo_users)
    raise CommandError(f"localcloud has no demo user {username!r}: its demo users are {known}.")


@dataclass(frozen=True, slots=True)
class SignedInUser:
    """One user of localcloud. `deployment` holds the user's token: it is never printed or stored."""

    outputs: LocalOutputs
    user: DemoUser
    deployment: Deployment = field(repr=False)

    async def start_job(self, complaint: str, fail_agent: str | None) -> str:
        """Start the job that reads a complaint, and return its id. Raises ClientError."""
        return await self._start("demo/jobs", {"complaint": complaint, "failAgent": fail_agent})

    async def start_fair(self, pace: float) -> str:
        """Start the job that decides on a street fair, and return its id. Raises ClientError."""
        return await self._start("demo/street-fairs", {"pace": pace})

    async def answer_waiting(
        self, job_id: str, invocation_id: str | None, approved: bool, comment: str | None
    ) -> None:
        """Answer the wait of a job. Raises ClientError, RefusedError when nothing waits any more."""
        variables = {
            "jobId": job_id,
            "invocationId": invocation_id,
            "approved": approved,
            "comment": comment,
        }
        await asyncio.to_thread(self.deployment.api.run, ANSWER_WAITING, variables)

    async def _start(self, path: str, work: Mapping[str, Any]) -> str:
        headers = {"authorization": self.deployment.api.tokens.token()}
        url = f"{self.outputs.dashboard_url}{path}"
        answer = await asyncio.to_thread(post, url, json.dumps(work).encode(), headers)
        if not isinstance(answer, dict) or "jobId" not in answer:
            raise UnreachableError("localcloud did not answer with the id of a job.")
        return str(answer["jobId"])


def sign_in(state_dir: Path, outputs: LocalOutputs, user: DemoUser) -> SignedInUser:
    """Sign a demo user in at the user pool of the localcloud in `state_dir`. Raises ClientError."""
    target = Target(choose(Flags(local=True, state_dir=state_dir), {}))

    def nobody(prompt: str, _: bool) -> str:
        raise CommandError(f"the user pool asks the demo user for more: {prompt}.")

    login = sign_in_at(target, user.username, user.password, nobody)
    api = Api(outputs.graphql_url, FixedToken(login.id_token))
    return SignedInUser(outputs, user, Deployment(api, user.user_id, user.tenant_id))
