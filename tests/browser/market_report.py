"""A job with everything a page can show: nested and parallel agents, attempts, tools, tokens, an estimate."""

from __future__ import annotations

from typing import Any

Rows = list[dict[str, Any]]

PLAN = [
    {"name": "Researcher", "weight": 3, "tools": ["web_search", "read_page"]},
    {"name": "Analyst", "weight": 3, "dependsOn": ["Researcher"]},
    {"name": "Writer", "weight": 2, "dependsOn": ["Analyst"]},
    {"name": "Reviewer", "weight": 1, "dependsOn": ["Writer"]},
]


def agent(at: float, name: str, status: str, message: str, **more: Any) -> dict[str, Any]:
    """One status of an agent, `at` seconds after the job began."""
    return {"at": at, "agentName": name, "status": status, "message": message, **more}


def checker(at: float, letter: str, status: str, message: str, **more: Any) -> dict[str, Any]:
    """One status of a source checker: an agent that works for the researcher."""
    ids = {"invocationId": f"checker-{letter}", "parentInvocationId": "Researcher"}
    return agent(at, f"Source checker {letter}", status, message, **ids, **more)


def orchestrator(at: float, status: str, message: str, **metadata: Any) -> dict[str, Any]:
    """One status of the job itself."""
    return {
        "at": at,
        "agentName": None,
        "status": status,
        "message": message,
        "metadata": metadata or None,
    }


def tokens(tokens_in: int, tokens_out: int) -> dict[str, Any]:
    """Metadata with the tokens that an agent used."""
    return {"tokenUsage": {"inputTokens": tokens_in, "outputTokens": tokens_out}}


def research() -> Rows:
    """The first 15 seconds: the researcher and three checkers in parallel, one of which tries twice."""
    return [
        orchestrator(
            0,
            "loading_agents",
            "Planning the market report",
            plan=PLAN,
            sessionId="chat-7f2",
            correlationId="req-20931",
            eta={"p50": 40, "p90": 75},
        ),
        agent(1, "Researcher", "agent_invoking", "Looking for what is known about heat pumps in Norway"),
        agent(2, "Researcher", "calling_tool", "Find recent sales figures", toolName="web_search"),
        checker(3, "A", "agent_invoking", "Checking the statistics office"),
        checker(3.2, "B", "agent_invoking", "Checking the trade association"),
        checker(3.4, "C", "agent_invoking", "Checking a blog"),
        checker(6, "A", "agent_complete", "Official figures, 2025", metadata=tokens(2100, 180)),
        checker(7, "C", "agent_error", "The page did not answer within 3 s", attempt=1),
        agent(8, "Researcher", "calling_tool", "Read the table behind the chart", toolName="read_page"),
        checker(9, "C", "agent_retrying", "Trying a mirror of the blog", attempt=2),
        checker(10, "B", "progress", "2 of 4 tables read", progress=50),
        checker(12, "C", "agent_complete", "An opinion, left out", attempt=2, metadata=tokens(900, 60)),
        checker(13, "B", "agent_complete", "Plausible figures", metadata=tokens(5200, 420)),
        agent(
            15,
            "Researcher",
            "agent_complete",
            "Nine sources found, three of them used",
            metadata=tokens(18_400, 2100),
        ),
    ]


def analysis() -> Rows:
    """Up to second 21: the analyst works."""
    return [
        *research(),
        agent(15.5, "Analyst", "agent_invoking", "Reading 214 rows"),
        agent(17, "Analyst", "calling_tool", "Fit a trend per region", toolName="python"),
        agent(20, "Analyst", "progress", "Regions done: 3 of 5", progress=60, metadata=tokens(6100, 700)),
        orchestrator(
            21,
            "validating",
            "Comparing the figures with the report of last year",
            eta={"p50": 24, "p90": 51},
            leaseSeconds=600,  # on a busy machine, a test may look late
        ),
    ]


def failure() -> Rows:
    """The analyst fails, and the job with it."""
    return [
        *research(),
        agent(15.5, "Analyst", "agent_invoking", "Reading 214 rows"),
        agent(
            18,
            "Analyst",
            "agent_error",
            "The table has no column “region”",
            metadata={"errorId": "e-4f1c09"},
        ),
        orchestrator(
            19, "error", "The report could not be made: one of its steps failed.", errorId="e-4f1c09"
        ),
    ]


def report() -> Rows:
    """The whole job."""
    return [
        *analysis(),
        agent(
            24, "Analyst", "agent_complete", "Sales grew in four of five regions", metadata=tokens(9800, 1400)
        ),
        agent(24.5, "Writer", "agent_invoking", "Writing two pages"),
        agent(31, "Writer", "agent_complete", "Two pages, one chart", metadata=tokens(7200, 3100)),
        agent(31.5, "Reviewer", "agent_invoking", "Reading it once more"),
        agent(35, "Reviewer", "agent_complete", "No figure without a source", metadata=tokens(5100, 300)),
        orchestrator(36, "complete", "Heat pumps in Norway: sales grew 11 %, mostly along the coast."),
    ]
