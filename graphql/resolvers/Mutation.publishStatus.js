// The publisher has committed the status before; this only passes it to AppSync's subscriptions. IAM alone may call it.

export function request(ctx) {
  return { payload: ctx.args.input };
}

export function response(ctx) {
  return ctx.result;
}
