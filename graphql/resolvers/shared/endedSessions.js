// The sessions of a user whose logins are ended already. A failure here must not keep the subscriptions from being ended:
// sessions that stay run out by themselves, and cost pushes for that long.

export function foundSessions(ctx) {
  if (ctx.error) {
    leaveSessions(ctx);
    return [];
  }
  return ctx.result.items;
}

export function leaveSessions(ctx) {
  console.error(`type=${ctx.error.type} | the sessions of ended logins stay until they expire`);
}
