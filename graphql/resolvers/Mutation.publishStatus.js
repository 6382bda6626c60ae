// The publisher has committed the status already; this only hands it to AppSync's fan-out. IAM alone may call it.

export function request(ctx) {
  return { payload: ctx.args.input };
}

export function response(ctx) {
  return ctx.result;
}
