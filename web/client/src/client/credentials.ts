// Who the client is, as headers. Tokens come from a callback and are kept until shortly before their end.

import { StatusbeamError } from '../errors.ts';
import { isObject } from '../fold/numbers.ts';
import type { AuthHeaders } from '../realtime/wire.ts';
import type { JsonObject } from '../types.ts';

/** Gives a token that is valid now. `refused`: the last one was not taken, bring a new one. */
export type TokenSource = (why: { readonly refused: boolean }) => Promise<string> | string;

export type Auth =
  | { readonly type: 'apiKey'; readonly key: string; readonly userId: string }
  | { readonly type: 'cognito' | 'oidc' | 'viewToken'; readonly token: TokenSource };

const EARLY_MS = 30_000;

/** The claims of a JWT or a view token, for finding out whose it is: whoever receives the token verifies it. */
export function claimsOf(token: string): JsonObject {
  const parts = token.replace(/^Bearer\s+/i, '').split('.');
  const part = parts.length === 4 ? parts[2] : parts[1];
  try {
    const bytes = Uint8Array.from(atob((part ?? '').replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isObject(claims) ? claims : {};
  } catch {
    return {};
  }
}

export class Credentials {
  #auth: Auth;
  #now: () => number;
  #token: string | null = null;
  #pending: Promise<string> | null = null;

  constructor(auth: Auth, now: () => number) {
    this.#auth = auth;
    this.#now = now;
  }

  /** The headers of a request or a subscription. Throws StatusbeamError. */
  async headers(refused = false): Promise<AuthHeaders> {
    return this.#auth.type === 'apiKey' ? { 'x-api-key': this.#auth.key } : { Authorization: await this.#current(refused) };
  }

  /** Whose statuses this client hears. */
  async userId(): Promise<string> {
    return this.#auth.type === 'apiKey' ? this.#auth.userId : this.#claim('sub');
  }

  async tenantId(): Promise<string> {
    return this.#auth.type === 'apiKey' ? 'public' : this.#claim('tenantId', 'custom:tenantId', 'tenant');
  }

  async #claim(...names: string[]): Promise<string> {
    const claims = claimsOf(await this.#current(false));
    const found = names.map((name) => claims[name]).find((claim) => typeof claim === 'string');
    if (typeof found !== 'string') {
      throw new StatusbeamError('forbidden', `The token has no claim ${names[0]}.`);
    }
    return found;
  }

  async #current(refused: boolean): Promise<string> {
    if (this.#token !== null && !refused && !this.#isEnding(this.#token)) {
      return this.#token;
    }
    this.#pending ??= this.#ask(refused).finally(() => {
      this.#pending = null;
    });
    return this.#pending;
  }

  async #ask(refused: boolean): Promise<string> {
    if (this.#auth.type === 'apiKey') {
      return '';
    }
    try {
      this.#token = null;
      const token = await this.#auth.token({ refused });
      if (typeof token !== 'string' || token === '') {
        throw new TypeError('The token callback gave no token.');
      }
      this.#token = token;
      return token;
    } catch (error) {
      throw error instanceof StatusbeamError ? error : new StatusbeamError('unauthorized', messageOf(error));
    }
  }

  /** A token whose end cannot be read is asked for each time: its owner knows better. */
  #isEnding(token: string): boolean {
    const { exp } = claimsOf(token);
    return typeof exp !== 'number' || exp * 1000 - EARLY_MS <= this.#now();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : 'No token could be had.';
}
