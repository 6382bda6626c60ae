"""Calls agents over HTTP, each after the agents that it depends on, and reports their statuses.

    agents = [HttpAgent("Keyword Agent", "http://…/keywords"), HttpAgent("Headline Agent", "http://…/headline",
                                                                         depends_on=("Keyword Agent",))]
    orchestrator = HttpAgentOrchestrator(agents, StatusTracker("job-1", "ana", "city"))
    session_id = orchestrator.run("The streetlight is out")
    orchestrator.findings["Headline Agent"]

An agent gets `{"task", "sessionId", "findings": {name: result}}` and answers with
`{"result": …, "activity"?: "a sentence", "tokenUsage"?: {"inputTokens", "outputTokens"}}`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

import requests

from status_utils import StatusTracker

ANSWER_SECONDS = 15
"""The part of a call's lease after its timeout, in seconds, for the report of its end."""


@dataclass(frozen=True, slots=True)
class HttpAgent:
    """The URL of an agent, and the agents whose findings it needs."""

    name: str
    url: str
    depends_on: tuple[str, ...] = ()


class AgentCallError(Exception):
    """An agent gave no useful answer. `public_message` is the part for people."""

    def __init__(self, public_message: str, *, retriable: bool) -> None:
        super().__init__(public_message)
        self.public_message = public_message
        self.retriable = retriable


class HttpAgentOrchestrator:
    """One job: call `run` once."""

    def __init__(
        self,
        agents: Sequence[HttpAgent],
        tracker: StatusTracker,
        *,
        session_id: str | None = None,
        timeout: float = 30.0,
        attempts: int = 2,
    ) -> None:
        """`session_id` is the tracker's by default. `timeout` is in seconds a call; an agent is called
        `attempts` times at most."""
        self._agents = {agent.name: agent for agent in agents}
        self._tracker = tracker
        self._session_id = tracker.session_id if session_id is None else session_id
        self._timeout = timeout
        self._attempts = attempts
        self.findings: dict[str, Any] = {}
        """The agents' findings by name, complete after `run`."""

    def run(self, task: Any) -> str:
        """Call the agents; returns the id of the session.

        If an agent failed in all attempts, raises AgentCallError after the end of all running agents.
        """
        plan = [{"name": a.name, "dependsOn": list(a.depends_on)} for a in self._agents.values()]
        self._tracker.initialize_status(plan, "Calling the agents")
        try:
            self._call_all(task)
        except Exception as error:
            self._tracker.finalize_status(error=error)
            raise
        self._tracker.finalize_status(message="All agents answered")
        return self._session_id

    def _call_all(self, task: Any) -> None:
        order = TopologicalSorter({agent.name: agent.depends_on for agent in self._agents.values()})
        order.prepare()
        waiting: dict[Future[Any], str] = {}
        with ThreadPoolExecutor(max_workers=len(self._agents) or 1) as pool:
            while order.is_active():
                for name in order.get_ready():
                    waiting[pool.submit(self._call, self._agents[name], task, dict(self.findings))] = name
                for answered in wait(waiting, return_when=FIRST_COMPLETED).done:
                    name = waiting.pop(answered)
                    self.findings[name] = answered.result()
                    order.done(name)

    def _call(self, agent: HttpAgent, task: Any, findings: Mapping[str, Any]) -> Any:
        question = {"task": task, "sessionId": self._session_id, "findings": findings}
        for attempt in range(1, self._attempts + 1):
            self._tracker.update_agent_status(
                agent.name,
                "in-progress",
                f"Calling {agent.name}",
                metadata={"leaseSeconds": self._timeout + ANSWER_SECONDS},
            )
            try:
                answer = self._ask(agent, question)
            except AgentCallError as error:
                self._tracker.update_agent_status(agent.name, "error", error=error)
                if attempt == self._attempts or not error.retriable:
                    raise
                continue
            usage = answer.get("tokenUsage")
            self._tracker.update_agent_status(
                agent.name,
                "success",
                activity=str(answer.get("activity") or f"{agent.name} answered"),
                token_usage=usage if isinstance(usage, Mapping) else None,
            )
            return answer["result"]
        raise ValueError("an agent needs at least one attempt")

    def _ask(self, agent: HttpAgent, question: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            answer = requests.post(agent.url, json=question, timeout=self._timeout)
        except requests.Timeout as error:
            problem = f"{agent.name} did not answer within {self._timeout:g} s"
            raise AgentCallError(problem, retriable=True) from error
        except requests.RequestException as error:
            raise AgentCallError(f"{agent.name} could not be reached", retriable=True) from error
        if not answer.ok:
            problem = f"{agent.name} answered HTTP {answer.status_code}"
            raise AgentCallError(problem, retriable=answer.status_code >= requests.codes.server_error)
        try:
            body = answer.json()
        except requests.JSONDecodeError as error:
            raise AgentCallError(f"{agent.name} did not answer in JSON", retriable=False) from error
        if not isinstance(body, Mapping) or "result" not in body:
            raise AgentCallError(f"{agent.name} answered without a result", retriable=False)
        return body
