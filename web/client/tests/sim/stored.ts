// getJob's answer for a snapshot, as the resolver makes it of the table's items.

import type { AgentFold } from '../../src/fold/agent.ts';
import { agentView } from '../../src/fold/agent.ts';
import { isOver } from '../../src/fold/liveness.ts';
import { timeOf } from '../../src/fold/numbers.ts';
import { jobView, type Snapshot, shownAgents } from '../../src/fold/snapshot.ts';
import { type Ledger, totalOf } from '../../src/fold/usage.ts';
import type { StoredAgent, StoredJob } from '../../src/types.ts';

export function storedJob(snapshot: Snapshot, jobId: string): StoredJob {
  const { head } = snapshot;
  const shown = shownAgents(snapshot);
  const hidden = [...snapshot.agents.values()].filter((agent) => !shown.includes(agent));
  const { weighted } = head;
  const own = {
    attempt: head.attempt,
    tokens: head.tokens,
    ledger: rows(head.ledger),
    planned: head.planned,
    weighted: [weighted.total, weighted.done, weighted.shown, ...weighted.revisedAt],
    reported: head.reported,
    eta: head.eta,
    workflowVersion: head.workflowVersion,
    runs: { current: head.runs.current, closed: head.runs.closed, older: head.runs.older },
    waiting: head.waiting,
    waiters: head.waiters,
    hidden: hidden.map((agent) => storedAgent(agent, false)),
  };
  const result = head.result === null ? null : JSON.stringify(head.result);
  const agents = shown.map((agent) => storedAgent(agent, isOver(head)));
  return { ...jobView(snapshot), jobId, result, agents, fold: JSON.stringify(own) };
}

function storedAgent(agent: AgentFold, isJobOver: boolean): StoredAgent {
  const own = {
    executionMs: agent.executionMs,
    reported: agent.reported,
    tools: agent.tools.map(([, progress]) => progress),
    ledger: rows(agent.ledger),
    planned: agent.planned,
    weight: agent.weight,
    toolWeights: agent.toolWeights,
    claimedBy: agent.claimedBy,
    order: agent.order,
    waiting: agent.waiting,
    leaseExpiresAt: timeOf(agent.leaseMs),
  };
  return { ...agentView(agent, isJobOver, null), fold: JSON.stringify(own) };
}

function rows(ledger: Ledger): unknown {
  const [tokensIn, tokensOut] = totalOf(ledger);
  const isEmpty = tokensIn === 0 && tokensOut === 0 && ledger.attempts.length === 0;
  return isEmpty ? null : [[ledger.settledThrough, ...ledger.settled], ...ledger.attempts];
}
