// GraphQL over HTTP. If the API refuses the token, the client renews it once and repeats the request.

import { errorOf, StatusbeamError } from '../errors.ts';
import type { AuthHeaders } from '../realtime/protocol.ts';
import type { ServiceClock } from './clock.ts';
import type { Credentials } from './credentials.ts';
import type { Environment } from './environment.ts';

export interface GraphQLOptions {
  readonly url: string;
  readonly credentials: Credentials;
  readonly environment: Environment;
  readonly timeout: number;
  readonly clock: ServiceClock;
}

export class GraphQL {
  #options: GraphQLOptions;

  constructor(options: GraphQLOptions) {
    this.#options = options;
  }

  /** Run a query or mutation. Returns `data`. Throws StatusbeamError, also for errors with HTTP status 200. */
  async run<Data>(query: string, variables: object, { keepalive = false } = {}): Promise<Data> {
    const { credentials } = this.#options;
    const body = JSON.stringify({ query, variables });
    const shown = await credentials.headers();
    try {
      return await this.#post<Data>(body, shown, keepalive);
    } catch (error) {
      if (error instanceof StatusbeamError && error.code === 'unauthorized') {
        return await this.#post<Data>(body, await credentials.headers(shown), keepalive);
      }
      throw error;
    }
  }

  async #post<Data>(body: string, shown: AuthHeaders, keepalive: boolean): Promise<Data> {
    const { url, environment, timeout, clock } = this.#options;
    const headers = { 'content-type': 'application/json', ...shown };
    const abort = new AbortController();
    const timer = environment.setTimeout(() => abort.abort(), timeout);
    const asked = clock.local();
    try {
      const response = await environment.fetch(url, { method: 'POST', headers, body, keepalive, signal: abort.signal });
      clock.synchronize(Date.parse(response.headers.get('date') ?? ''), asked); // other sites' pages may not read it
      return dataOf(response.status, await response.json().catch(() => null)) as Data;
    } catch (error) {
      throw error instanceof StatusbeamError ? error : new StatusbeamError('unavailable', 'The API cannot be reached.');
    } finally {
      environment.clearTimeout(timer);
    }
  }
}

function dataOf(status: number, answer: { data?: unknown; errors?: unknown } | null): unknown {
  const errors = answer?.errors;
  const isFailed = Array.isArray(errors) ? errors.length > 0 : errors != null;
  if (isFailed || status !== 200 || typeof answer?.data !== 'object') {
    throw errorOf(errors, `The API answered ${status}.`, status);
  }
  return answer.data;
}
