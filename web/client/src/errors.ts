// What can go wrong, as facts to branch on.
//
// StatusbeamError            code, retriable
//   unauthorized             the token or key is not (or no longer) taken: asked for a new one, then tried again
//   forbidden                the API understood and refused: not tried again until the next connection
//   bad_request              a mistake in the call: not tried again
//   limited                  too many requests or subscriptions: tried again, later
//   unavailable              no network, or the service failed: tried again
//   closed                   the client was closed

export type ErrorCode = 'unauthorized' | 'forbidden' | 'bad_request' | 'limited' | 'unavailable' | 'closed';

export class StatusbeamError extends Error {
  override readonly name = 'StatusbeamError';
  readonly code: ErrorCode;
  /** AppSync's own word, when it said one. */
  readonly errorType: string | null;

  constructor(code: ErrorCode, message: string, errorType: string | null = null) {
    super(message);
    this.code = code;
    this.errorType = errorType;
  }

  /** Whether trying again later can help. */
  get retriable(): boolean {
    return this.code === 'unauthorized' || this.code === 'limited' || this.code === 'unavailable';
  }
}

/** Why a read failed. What is no StatusbeamError is a mistake of ours or of the deployment, to be reported as such. */
export function readError(error: unknown, report: (error: unknown) => void): StatusbeamError {
  if (error instanceof StatusbeamError) {
    return error;
  }
  report(error);
  return new StatusbeamError('unavailable', 'The answer was not understood.');
}

interface WireError {
  readonly message?: unknown;
  readonly errorType?: unknown;
  readonly errorCode?: unknown;
}

/** AppSync sends `errors` as a list, and for some errors as one object. Gives the first one's meaning. */
export function errorOf(errors: unknown, fallback = 'The API refused.'): StatusbeamError {
  const first = (Array.isArray(errors) ? errors[0] : errors) as WireError | undefined | null;
  const message = typeof first?.message === 'string' && first.message !== '' ? first.message : fallback;
  const errorType = typeof first?.errorType === 'string' ? first.errorType : null;
  return new StatusbeamError(codeOf(errorType ?? '', message, Number(first?.errorCode)), message, errorType);
}

function codeOf(errorType: string, message: string, errorCode: number): ErrorCode {
  if (/unauthori[sz]ed|notauthorized/i.test(errorType) || /token has expired|jwt expired/i.test(message) || errorCode === 401) {
    return 'unauthorized';
  }
  // A firewall refuses floods as well as people, and the first passes.
  if (/^waf|limit|throttl|maxsubscriptions|toomanyrequests/i.test(errorType) || errorCode === 429) {
    return 'limited';
  }
  if (/forbidden/i.test(errorType) || errorCode === 403) {
    return 'forbidden';
  }
  if (/badrequest|validation|malformed|unsupported|toomanyagents/i.test(errorType) || errorCode === 400) {
    return 'bad_request';
  }
  return 'unavailable';
}
