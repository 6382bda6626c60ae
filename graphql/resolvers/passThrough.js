// The resolver of a field whose own code is a function of its pipeline, after checkLogin. It returns that function's result.

export function request() {
  return {};
}

export function response(ctx) {
  return ctx.prev.result;
}
