// The publisher has already committed the status. AppSync passes the result to the subscriptions. Only IAM may call this.

export function request(ctx) {
  return { payload: ctx.args.input };
}

export function response(ctx) {
  return ctx.result;
}
