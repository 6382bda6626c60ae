// The sessions of a user whose logins are already ended. A failure here must not prevent the end of the subscriptions.
// Remaining sessions expire by themselves, and cost pushes until then.

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
