// getJob's answer for a snapshot, as the resolver makes it of the table's items.

import type { AgentFold } from '../../src/fold/agent.ts';
import { agentView } from '../../src/fold/agent.ts';
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
    endedAt: timeOf(head.endedMs),
    tokens: head.tokens,
    ledger: rows(head.ledger),
    planned: head.planned,
    weighted: [weighted.total, weighted.done, weighted.shown, ...weighted.revisedAt],
    reported: head.reported,
    eta: head.eta,
    workflow: head.workflow,
    workflowVersion: head.workflowVersion,
    hidden: hidden.map(storedAgent),
  };
  return { ...jobView(snapshot), jobId, agents: shown.map(storedAgent), fold: JSON.stringify(own) };
}

function storedAgent(agent: AgentFold): StoredAgent {
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
  };
  return { ...agentView(agent), fold: JSON.stringify(own) };
}

function rows(ledger: Ledger): unknown {
  const [tokensIn, tokensOut] = totalOf(ledger);
  const isEmpty = tokensIn === 0 && tokensOut === 0 && ledger.attempts.length === 0;
  return isEmpty ? null : [[ledger.settledThrough, ...ledger.settled], ...ledger.attempts];
}
