// The headers that authorize the client. Tokens come from a callback and are cached until shortly before their end.

import { StatusbeamError } from '../errors.ts';
import { jsonObject } from '../fold/numbers.ts';
import type { AuthHeaders } from '../realtime/protocol.ts';
import type { JsonObject } from '../types.ts';
import type { Environment } from './environment.ts';

/** Returns a valid token. `refused`: the API refused the last token, so return a new one. */
export type TokenSource = (why: { readonly refused: boolean }) => Promise<string> | string;

export type Auth =
  | { readonly type: 'apiKey'; readonly key: string; readonly userId: string }
  | { readonly type: 'viewToken'; readonly token: TokenSource }
  /**
   * `userClaim` names the claim of the token that holds the user's id, if the deployment has another than `sub`. The user's name
   * is `cognito:username` in ID tokens, and `username` in access tokens.
   */
  | { readonly type: 'cognito'; readonly token: TokenSource; readonly userClaim?: string }
  /** `tenantClaim` names the claim that holds the tenant, if the deployment has another than `tenantId`. */
  | { readonly type: 'oidc'; readonly token: TokenSource; readonly userClaim?: string; readonly tenantClaim?: string };

type ClaimNames = { readonly userClaim?: string; readonly tenantClaim?: string };

const EARLY_MS = 30_000;
const TENANT_CLAIMS = ['tenantId', 'custom:tenantId', 'tenant'];

/** The claims of a JWT or a view token. They are not verified here: the API does that. */
export function claimsOf(token: string): JsonObject {
  const parts = token.replace(/^Bearer\s+/i, '').split('.');
  const part = parts.length === 4 ? parts[2] : parts[1];
  try {
    const bytes = Uint8Array.from(atob((part ?? '').replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
    return jsonObject(new TextDecoder().decode(bytes)) ?? {};
  } catch {
    return {};
  }
}

export interface CredentialsOptions {
  readonly auth: Auth;
  /** Epoch milliseconds by the clock of the token's issuer. */
  readonly now: () => number;
  readonly environment: Environment;
  /** How long the callback may take, in milliseconds. */
  readonly timeout: number;
  /** Called if a new token has another user or tenant than the last one. */
  readonly switched: () => void;
}

export class Credentials {
  #options: CredentialsOptions;
  #auth: Auth;
  #token: string | null = null;
  /** User and tenant of the last token. */
  #owner: string | null = null;
  #pending: Promise<string> | null = null;

  constructor(options: CredentialsOptions) {
    this.#options = options;
    this.#auth = options.auth;
  }

  /**
   * The headers of a request or a subscription. `refused`: the headers that the API refused. If it refused the token of many
   * requests, only the first one fetches a new token. Throws StatusbeamError.
   */
  async headers(refused: AuthHeaders | null = null): Promise<AuthHeaders> {
    if (this.#auth.type === 'apiKey') {
      return { 'x-api-key': this.#auth.key };
    }
    return { Authorization: await this.#current(refused !== null && refused.Authorization === this.#token) };
  }

  /** The user whose statuses this client receives. */
  async userId(): Promise<string> {
    return this.#auth.type === 'apiKey' ? this.#auth.userId : this.#claim(this.#userClaim);
  }

  async tenantId(): Promise<string> {
    return this.#auth.type === 'apiKey' ? 'public' : this.#claim(...this.#tenantClaims);
  }

  /** The login, and the jobs of a narrowed token. Clients with the same scope may watch the same jobs. */
  async scope(): Promise<string> {
    const { jobs = null } = this.#auth.type === 'apiKey' ? {} : claimsOf(await this.#current(false));
    const tenantId = await this.tenantId().catch(() => null);
    return JSON.stringify([this.#auth.type, await this.userId(), tenantId, jobs]);
  }

  get #userClaim(): string {
    return (this.#auth as ClaimNames).userClaim ?? 'sub';
  }

  get #tenantClaims(): readonly string[] {
    const { tenantClaim } = this.#auth as ClaimNames;
    return tenantClaim === undefined ? TENANT_CLAIMS : [tenantClaim];
  }

  async #claim(...names: string[]): Promise<string> {
    const found = claimIn(claimsOf(await this.#current(false)), names);
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
    const { environment, timeout } = this.#options;
    let timer: unknown;
    // A callback may hang, so the client calls it again later.
    const late = new Promise<never>((_, reject) => {
      timer = environment.setTimeout(() => reject(new Error('The token callback did not answer.')), timeout);
    });
    try {
      this.#token = null;
      const token = await Promise.race([this.#auth.token({ refused }), late]);
      if (typeof token !== 'string' || token === '') {
        throw new TypeError('The token callback failed.');
      }
      this.#token = token;
      this.#noteOwner(token);
      return token;
    } catch (error) {
      throw error instanceof StatusbeamError ? error : new StatusbeamError('unauthorized', messageOf(error));
    } finally {
      environment.clearTimeout(timer);
    }
  }

  #noteOwner(token: string): void {
    const claims = claimsOf(token);
    const owner = JSON.stringify([claims[this.#userClaim], claimIn(claims, this.#tenantClaims)]);
    const before = this.#owner;
    this.#owner = owner;
    if (before !== null && before !== owner) {
      this.#options.switched();
    }
  }

  /** A token without a readable expiry is fetched for each request. */
  #isEnding(token: string): boolean {
    const { exp } = claimsOf(token);
    return typeof exp !== 'number' || exp * 1000 - EARLY_MS <= this.#options.now();
  }
}

function claimIn(claims: JsonObject, names: readonly string[]): unknown {
  return names.map((name) => claims[name]).find((claim) => typeof claim === 'string');
}

function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : 'The token callback failed.';
}
