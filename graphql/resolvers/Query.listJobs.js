import { util } from '@aws-appsync/utils';

// Two steps: the index gives the page and its order, the heads give what is true now. A token for certain jobs names
// them itself: of the index's pages, it would learn how many others there are.
export function request(ctx) {
  const who = viewer(ctx);
  if (who.userId === null) {
    util.error('A list of jobs needs a login with a user.', 'Forbidden');
  }
  const limit = ctx.args.limit ?? 20;
  if (limit < 1 || limit > 50) {
    util.error('limit is 1 to 50.', 'BadRequest');
  }
  ctx.stash.who = who;
  ctx.stash.limit = limit;
  ctx.stash.jobIds = who.jobIds;
  return {};
}

export function response(ctx) {
  const { who, limit } = ctx.stash;
  // The index follows the heads by a moment: a job that has moved on is no longer what was asked for.
  const asked = (head) => !ctx.args.overallStatus || head.overallStatus === ctx.args.overallStatus;
  const heads = ctx.prev.result.filter((head) => isLive(head) && mayView(who, head));
  if (who.jobIds === null) {
    return { jobs: listed(heads.filter(asked)), nextToken: ctx.stash.nextToken };
  }
  const rest = newestFirst(heads, ctx.args.nextToken).filter(asked);
  const shown = rest.slice(0, limit);
  return { jobs: listed(shown), nextToken: rest.length > limit ? shown[limit - 1].jobId : null };
}

function listed(heads) {
  return heads.map((head) => asJob(head, [], null));
}

// As the index orders them; `after` is the job that the last page ended with.
function newestFirst(heads, after) {
  const byAge = {};
  for (const head of heads) {
    byAge[`${head.createdAt}#${head.jobId}`] = head;
  }
  // AppSync's sort takes no comparator, so the keys sort by themselves.
  const sorted = Object.keys(byAge)
    .sort()
    .reverse()
    .map((age) => byAge[age]);
  if (!after) {
    return sorted;
  }
  const at = sorted.findIndex((head) => head.jobId === after);
  if (at < 0) {
    util.error('nextToken is not one that this list gave.', 'BadRequest');
  }
  return sorted.slice(at + 1);
}
