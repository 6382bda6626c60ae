import { util } from '@aws-appsync/utils';
import { LOST_AFTER_SECONDS, OverallStatus } from './settings.generated.js';

// The Job that a head and its agents amount to. The items hold the schema's fields; this adds what depends on the time.
// The table keeps `fold` as JSON text. AWSJSON wants the value: it would quote text once more.
export function toJob(head, agents, hidden) {
  const fold = head.fold ? { ...JSON.parse(head.fold), hidden } : null;
  return { ...head, agents, fold, liveness: livenessOf(head.leaseExpiresAt, jobHasEnded(head)) };
}

// Nothing runs in a job that has ended.
export function toAgent(item, head) {
  const fold = item.fold ? { ...JSON.parse(item.fold), order: item.order } : null;
  return { ...item, fold, liveness: livenessOf(item.leaseExpiresAt, agentHasEnded(item) || jobHasEnded(head)) };
}

function jobHasEnded(head) {
  return head.overallStatus !== OverallStatus.INITIALIZING && head.overallStatus !== OverallStatus.PROCESSING;
}

function agentHasEnded(item) {
  return item.status !== 'pending' && item.status !== 'in-progress';
}

// statusbeam/log/snapshot/liveness.py has the rule.
function livenessOf(leaseExpiresAt, hasEnded) {
  if (hasEnded) {
    return 'ended';
  }
  if (!leaseExpiresAt) {
    return null;
  }
  const overdue = util.time.nowEpochMilliSeconds() - util.time.parseISO8601ToEpochMilliSeconds(leaseExpiresAt);
  if (overdue < 0) {
    return 'live';
  }
  return overdue < LOST_AFTER_SECONDS * 1000 ? 'stale' : 'lost';
}
