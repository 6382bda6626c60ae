// The errors of the client, as codes to branch on.
//
// StatusbeamError            code, retriable
//   unauthorized             the API refused the token or key: the client asks for a new one and tries again
//   login_ended              `endSessions` ended the login: only a new sign-in helps
//   forbidden                the API refused the request: the client retries at the next connection only
//   bad_request              the request is invalid: the client rarely retries
//   limited                  too many requests or subscriptions: the client retries later
//   unavailable              no network, or the service failed: the client retries
//   closed                   the client was closed

export type ErrorCode = 'unauthorized' | 'login_ended' | 'forbidden' | 'bad_request' | 'limited' | 'unavailable' | 'closed';

export class StatusbeamError extends Error {
  override readonly name = 'StatusbeamError';
  readonly code: ErrorCode;
  /** The `errorType` of AppSync or of a resolver, if the API sent one. */
  readonly errorType: string | null;

  constructor(code: ErrorCode, message: string, errorType: string | null = null) {
    super(message);
    this.code = code;
    this.errorType = errorType;
  }

  /** Whether the API refuses this client or this job, so that a quick retry cannot help. */
  get isRefusal(): boolean {
    return this.code === 'forbidden' || this.code === 'login_ended' || this.code === 'bad_request';
  }

  /** Whether a later retry can help. */
  get retriable(): boolean {
    return !this.isRefusal && this.code !== 'closed';
  }
}

/** The StatusbeamError of a failed read. Any other error is a defect of the client or of the deployment: it is reported. */
export function readError(error: unknown, report: (error: unknown) => void): StatusbeamError {
  if (error instanceof StatusbeamError) {
    return error;
  }
  report(error);
  return new StatusbeamError('unavailable', 'The answer was not understood.');
}

interface ErrorPayload {
  readonly message?: unknown;
  readonly errorType?: unknown;
  readonly errorCode?: unknown;
}

/** The first of `errors`, or else the HTTP status. AppSync sends errors as a list, and some as one object. */
export function errorOf(errors: unknown, fallback = 'The API refused.', status = 0): StatusbeamError {
  const first = (Array.isArray(errors) ? errors[0] : errors) as ErrorPayload | undefined | null;
  const message = typeof first?.message === 'string' && first.message !== '' ? first.message : fallback;
  const errorType = typeof first?.errorType === 'string' ? first.errorType : null;
  return new StatusbeamError(codeOf(errorType ?? '', Number(first?.errorCode) || status), message, errorType);
}

function codeOf(errorType: string, errorCode: number): ErrorCode {
  if (errorType === 'LoginEnded') {
    return 'login_ended';
  }
  // `Unauthorized` is about one field, and other fields may have answers. The exception is about the login.
  if (errorType === 'Unauthorized' && errorCode !== 401) {
    return 'forbidden';
  }
  if (/(un|not)authori[sz]ed/i.test(errorType) || errorCode === 401) {
    return 'unauthorized';
  }
  // WAF refuses too many requests with the same status, and accepts later ones.
  if (/^waf|limit|throttl|maxsubscriptions|toomanyrequests/i.test(errorType) || errorCode === 429) {
    return 'limited';
  }
  if (/forbidden/i.test(errorType) || errorCode === 403) {
    return 'forbidden';
  }
  if (/badrequest|validation|malformed|unsupported|toomany|notwaiting/i.test(errorType) || errorCode === 400) {
    return 'bad_request';
  }
  return 'unavailable';
}
