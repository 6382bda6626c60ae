import { util } from '@aws-appsync/utils';

// Two steps: the index gives the page and its order, the heads give what is true now.
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
  return {};
}

export function response(ctx) {
  const who = ctx.stash.who;
  // The index follows the heads by a moment: a job that has moved on is no longer what was asked for.
  const asked = (head) => !ctx.args.overallStatus || head.overallStatus === ctx.args.overallStatus;
  const heads = ctx.prev.result.filter((head) => isLive(head) && mayView(who, head) && asked(head));
  return { jobs: heads.map((head) => asJob(head, [], null)), nextToken: ctx.stash.nextToken };
}
