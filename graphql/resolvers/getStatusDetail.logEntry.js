import { canView } from './shared/canView.js';
import { seesTenant } from './shared/roles.js';
import { StatusTable } from './shared/settings.generated.js';
import { batchGet, batchItems, exists, headKey, isHead, updateKey } from './shared/statusTable.js';
import { raiseStoreError } from './shared/storeErrors.js';

export function request(ctx) {
  const { jobId, sequence } = ctx.args;
  const caller = ctx.stash.caller;
  return batchGet(ctx, [headKey(caller, jobId), updateKey(caller, jobId, sequence)]);
}

export function response(ctx) {
  if (ctx.error) {
    raiseStoreError(ctx);
  }
  const items = batchItems(ctx).filter((item) => exists(item));
  const head = items.find((item) => isHead(item));
  const update = items.find((item) => !isHead(item));
  const answer = { jobId: ctx.args.jobId, sequence: ctx.args.sequence, detail: null, operatorDetail: null };
  const caller = ctx.stash.caller;
  if (!update || !canView(caller, head) || update.sequence > head.sequence) {
    // Another user's status looks like one that does not exist.
    return answer;
  }
  const detailKey = update[StatusTable.DETAIL_KEY];
  const operatorDetail = update[StatusTable.OPERATOR_DETAIL];
  const metadata = update.metadata ? JSON.parse(update.metadata) : null;
  // `spilled` alone is no proof, because callers may use that name too.
  const mark = metadata ? metadata.spilled : null;
  answer.detail = mark && (detailKey || mark.stored === false) ? null : metadata;
  answer.operatorDetail = seesTenant(caller) && operatorDetail ? JSON.parse(operatorDetail) : null;
  ctx.stash.detailKey = detailKey ?? null;
  return answer;
}
