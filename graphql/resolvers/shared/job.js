import { util } from '@aws-appsync/utils';
import { LOST_AFTER_SECONDS, OverallStatus } from './settings.generated.js';

const ENDED = [OverallStatus.COMPLETED, OverallStatus.FAILED, OverallStatus.CANCELLED];
const IN_PROGRESS = 'in-progress';
const CANCELLED = 'cancelled';
const ENDED_AGENT = ['success', 'error', CANCELLED];

// The Job of a head and its agents. The items have the schema's fields; this adds the fields that depend on the time.
// The table stores `fold` and `result` as JSON text. AWSJSON needs the value, because it would quote text again.
export function toJob(head, agents, hidden) {
  const fold = head.fold ? { ...JSON.parse(head.fold), hidden } : null;
  const result = head.result ? JSON.parse(head.result) : null;
  return { ...head, agents, fold, result, liveness: livenessOf(head, isOver(head)) };
}

export function toAgent(item, head) {
  const over = isOver(head);
  const agent = {
    ...item,
    fold: item.fold ? { ...JSON.parse(item.fold), order: item.order } : null,
    liveness: livenessOf(item, over || ENDED_AGENT.includes(item.status)),
  };
  if (!over || item.status !== IN_PROGRESS) {
    return agent;
  }
  // An agent that is open at the job's end is cancelled. The fold still needs its lease, because the job may be reopened.
  const fold = { ...agent.fold, leaseExpiresAt: item.leaseExpiresAt };
  return { ...agent, fold, status: CANCELLED, waiting: null, leaseExpiresAt: null };
}

export function isOver(head) {
  return ENDED.includes(head.overallStatus);
}

// statusbeam/log/snapshot/liveness.py has the rule, for jobs and for agents.
function livenessOf(item, ended) {
  if (ended) {
    return 'ended';
  }
  if (item.waiting) {
    return 'waiting';
  }
  if (!item.leaseExpiresAt) {
    return null;
  }
  const overdue = util.time.nowEpochMilliSeconds() - util.time.parseISO8601ToEpochMilliSeconds(item.leaseExpiresAt);
  if (overdue < 0) {
    return 'live';
  }
  return overdue < LOST_AFTER_SECONDS * 1000 ? 'stale' : 'lost';
}
