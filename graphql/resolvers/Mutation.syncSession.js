import { util } from '@aws-appsync/utils';

const MOST_JOBS = 25;
const CONNECTION_ID = '^[A-Za-z0-9_-]{1,128}$';

// Two steps: note that this connection lives (or not), then tell where each named job stands.
export function request(ctx) {
  const { connectionId, jobIds } = ctx.args.input;
  if (!util.matches(CONNECTION_ID, connectionId)) {
    util.error('connectionId is 1 to 128 of A-Z a-z 0-9 _ -.', 'BadRequest');
  }
  if (jobIds && jobIds.length > MOST_JOBS) {
    util.error(`jobIds names at most ${MOST_JOBS} jobs.`, 'BadRequest');
  }
  const who = viewer(ctx);
  ctx.stash.who = who;
  ctx.stash.jobIds = jobIds ?? [];
  // Callers without a user of their own watch all of the tenant `public`.
  const watcher = who.userId === null ? '#tenant' : who.userId;
  ctx.stash.session = { tenant_id: who.tenantId, sk: `${watcher}#${connectionId}` };
  return {};
}

export function response(ctx) {
  const who = ctx.stash.who;
  const heads = ctx.prev.result.filter((head) => isLive(head) && mayView(who, head));
  const jobs = ctx.stash.jobIds.map((jobId) => {
    const head = heads.find((candidate) => candidate.jobId === jobId);
    return head
      ? { jobId, sequence: head.sequence, epoch: head.epoch ?? null }
      : { jobId, sequence: 0, epoch: null };
  });
  return { connectionId: ctx.args.input.connectionId, expiresAt: ctx.stash.expiresAt, jobs };
}
