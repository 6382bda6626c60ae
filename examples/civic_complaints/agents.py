"""The three agents: how each works on a complaint, and how it reports statuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from examples.civic_complaints.geo import Locator
from examples.civic_complaints.tools import Classifier, Mention, SeverityRater, ToolError
from status_utils import AgentScope, JobScope

ONCE = "once:"
QUOTE_LENGTH = 80
LONGEST_COMPLAINT = 4000


class AgentFailedError(Exception):
    """An agent has no finding. Step Functions retries it, then ends the job with an error."""

    def __init__(self, public_message: str) -> None:
        super().__init__(public_message)
        self.public_message = public_message  # for people; the process's output has the cause


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentCall:
    """The input of an agent. `attempt` counts from 0, as in Step Functions."""

    job_id: str
    user_id: str
    tenant_id: str
    complaint: str
    attempt: int = 0
    fail_agent: str = ""

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> AgentCall:
        """Read the state machine's event. Raises KeyError for a missing id or complaint."""
        return cls(
            job_id=event["jobId"],
            user_id=event["userId"],
            tenant_id=event["tenantId"],
            complaint=str(event["complaint"])[:LONGEST_COMPLAINT],
            attempt=int(event.get("attempt") or 0),
            fail_agent=str(event.get("failAgent") or ""),
        )

    @property
    def owner(self) -> dict[str, Any]:
        """The job and its owner, as arguments of `status_utils.job`."""
        return {"job_id": self.job_id, "user_id": self.user_id, "tenant_id": self.tenant_id}

    def should_fail(self, agent: str) -> bool:
        """Whether the demo lets this agent fail: "geo" in each attempt, "once:geo" in the first one."""
        if self.fail_agent == ONCE + agent:
            return self.attempt == 0
        return self.fail_agent == agent


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finding, its summary in one sentence, and the tokens (input, output) that a model used."""

    finding: dict[str, Any]
    message: str
    tokens: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent: `key` is its short name in events and findings, `name` its name for people."""

    key: str
    name: str
    opening: str
    work: Callable[[AgentCall, AgentScope], Outcome]


def run_agent(agent: Agent, call: AgentCall, part: JobScope) -> dict[str, Any]:
    """Run an agent and report its statuses as a part of the job. The finding contains `agent`. Raises
    AgentFailedError.
    """
    opening = agent.opening
    if call.attempt > 0:
        opening = f"Trying again: {opening[0].lower()}{opening[1:]}"
    # All attempts have the same id, so a newer attempt supersedes the one before.
    run_id = f"{call.job_id}-{agent.key}"
    with part.agent(agent.name, message=opening, invocation_id=run_id) as run:
        try:
            _fail_on_request(agent, call)
            outcome = agent.work(call, run)
        except ToolError as error:
            raise AgentFailedError(error.public_text) from error
        except Exception as error:
            raise AgentFailedError(f"The {agent.name} stopped unexpectedly.") from error
        if outcome.tokens is not None:
            run.tokens(input=outcome.tokens[0], output=outcome.tokens[1])
        run.complete(outcome.message, {"finding": outcome.finding})
    return {"agent": agent.key, **outcome.finding}


def _fail_on_request(agent: Agent, call: AgentCall) -> None:
    if call.should_fail(agent.key):
        public_text = f"The {agent.name} failed on purpose, as the demo requested."
        raise ToolError("deliberate failure", public_text=public_text)


def geo_agent(locator: Locator) -> Agent:
    """The agent that finds the place."""

    def work(call: AgentCall, run: AgentScope) -> Outcome:
        def report_lookup(mention: Mention, number: int, count: int) -> None:
            if number:
                run.progress(number / count, f"{number} of {count} places looked up")
            run.tool(locator.geocoder.name, f'Look up "{_quote(mention.text)}"')

        finding = locator.locate(locator.mentions(call.complaint), on_lookup=report_lookup)
        return Outcome(finding, _place_message(finding))

    return Agent("geo", "Geo Agent", "Reading the complaint for places", work)


def _place_message(finding: Mapping[str, Any]) -> str:
    if not finding["located"]:
        return f"No location found: {finding['notes'][0]}"
    where = finding["label"]
    if finding["district"] and finding["district"] != where:
        where += f" in {finding['district']}"
    if finding["ambiguous"]:
        others = [place["label"] for place in finding["alternatives"] if place["label"] != finding["label"]]
        return f"Ambiguous: {where}, or " + " or ".join(others[:2])
    details = [f"within {finding['precisionMeters']} m", f"confidence {finding['confidence']:.0%}"]
    return f"Located at {where} ({', '.join([*details, *finding['notes'][:2]])})"


def category_agent(classifier: Classifier) -> Agent:
    """The agent that finds the subject of the complaint."""

    def work(call: AgentCall, run: AgentScope) -> Outcome:
        run.tool(classifier.name, "Weigh the words that speak for each category")
        judgement = classifier.categorize(call.complaint)
        finding = {
            "category": judgement.category,
            "confidence": judgement.confidence,
            "scores": dict(judgement.scores),
            "evidence": list(judgement.evidence),
        }
        because = (
            ", ".join(f'"{_quote(words)}"' for words in judgement.evidence[:3]) or "nothing points elsewhere"
        )
        message = f"Category {judgement.category} ({judgement.confidence:.0%}): {because}"
        return Outcome(finding, message, judgement.tokens)

    return Agent("category", "Category Agent", "Finding out what the complaint is about", work)


def severity_agent(rater: SeverityRater) -> Agent:
    """The agent that rates the severity."""

    def work(call: AgentCall, run: AgentScope) -> Outcome:
        run.tool(rater.name, "Look for hazards, people at risk and how long it lasts")
        judgement = rater.rate(call.complaint)
        finding = {
            "severity": judgement.severity,
            "confidence": judgement.confidence,
            "reasons": list(judgement.reasons),
        }
        return Outcome(
            finding, f"Severity {judgement.severity} of 5: {judgement.reasons[0]}", judgement.tokens
        )

    return Agent("severity", "Severity Agent", "Judging how urgent it is", work)


def _quote(words: str) -> str:
    return words if len(words) <= QUOTE_LENGTH else words[: QUOTE_LENGTH - 1] + "…"
