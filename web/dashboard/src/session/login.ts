// The login of this browser's user, as one tab sees it: tokens that are always fresh, and its end.

import type { LoginStore, StoredLogin } from './loginStore.ts';
import { type Provider, SignInError } from './provider.ts';
import { claimsOf, goodUntil, type Tokens } from './tokens.ts';

const EARLY_MS = 60_000; // a token is renewed this long before its end
const SIGN_OUT_MS = 2_000; // how long signing out waits for the provider

type LiveLogin = StoredLogin & { readonly tokens: Tokens };

export interface LoginOptions {
  readonly provider: Provider;
  readonly store: LoginStore;
  readonly now?: () => number;
}

export class Login {
  readonly id: string;
  readonly name: string;
  /** The claims of the login's first ID token, for display. */
  readonly claims: Record<string, unknown>;
  #provider: Provider;
  #store: LoginStore;
  #now: () => number;
  #given: string | null = null;
  #renewal: Promise<LiveLogin> | null = null;

  private constructor(login: LiveLogin, { provider, store, now = Date.now }: LoginOptions) {
    this.id = login.id;
    this.name = login.name;
    this.claims = claimsOf(login.tokens.idToken);
    this.#provider = provider;
    this.#store = store;
    this.#now = now;
  }

  /** Keep the tokens of a sign-in, in the place of any earlier login. */
  static async begin(name: string, tokens: Tokens, options: LoginOptions): Promise<Login> {
    const { provider, store, now = Date.now } = options;
    const login = { id: crypto.randomUUID(), provider: provider.id, name, tokens, goodUntil: goodUntil(tokens.idToken, now()) };
    await store.update(() => login);
    return new Login(login, options);
  }

  /** The login that this browser has with this provider; null if it has none. One with another provider is forgotten. */
  static async resume(options: LoginOptions): Promise<Login | null> {
    const { provider, store } = options;
    const stored = await store.read();
    if (stored !== null && stored.provider !== provider.id) {
      await store.update((now) => (now?.provider === provider.id ? now : null));
      return null;
    }
    return stored !== null && isLive(stored) ? new Login(stored, options) : null;
  }

  /**
   * A valid ID token. It is renewed before its end, or if the API has `refused` it. Throws SignInError.
   */
  async token({ refused = false }: { refused?: boolean } = {}): Promise<string> {
    const known = await this.#current();
    const isRefused = refused && known.tokens.idToken === this.#given;
    // a token that cannot be renewed is used until its end
    const early = known.tokens.refreshToken === undefined ? 0 : EARLY_MS;
    if (!isRefused && known.goodUntil - early > this.#now()) {
      return this.#give(known);
    }
    this.#renewal ??= this.#store
      .exclusively(() => this.#renew(known.tokens.idToken))
      .finally(() => {
        this.#renewal = null;
      });
    return this.#give(await this.#renewal);
  }

  /** Drop the tokens, here and in all tabs. `isRefused`: the API accepts no token of this login any more. */
  async end({ isRefused }: { isRefused: boolean }): Promise<void> {
    // Not signed out: the tabs still show their data.
    await this.#store.update((stored) => (stored?.id === this.id ? { ...stored, isRefused, tokens: null } : stored));
  }

  /** End the login in all tabs and at the provider. Returns the address of the provider's sign-out; null: there is none. */
  async signOut(): Promise<string | null> {
    let tokens = null as Tokens | null;
    await this.#store.update((stored) => {
      tokens = stored?.id === this.id ? stored.tokens : null;
      return stored?.id === this.id ? null : stored;
    });
    const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), SIGN_OUT_MS));
    const attempt = <T>(work: Promise<T>) => Promise.race([work.catch(() => null), late]);
    const revocation = tokens && attempt(this.#provider.revoke(tokens));
    const url = await attempt(this.#provider.signOutUrl(tokens));
    await revocation;
    return url;
  }

  async #current(): Promise<LiveLogin> {
    const stored = await this.#store.read();
    if (stored === null || stored.id !== this.id || !isLive(stored)) {
      throw new SignInError('Your sign-in has ended.');
    }
    return stored;
  }

  /** One tab at a time: a provider that rotates refresh tokens ends a login that uses one twice. */
  async #renew(old: string): Promise<LiveLogin> {
    const latest = await this.#current();
    if (latest.tokens.idToken !== old) {
      return latest; // another tab renewed it meanwhile
    }
    let tokens: Tokens;
    try {
      tokens = { ...latest.tokens, ...(await this.#provider.renew(latest.tokens)) };
    } catch (error) {
      if (error instanceof SignInError && !error.retriable) {
        await this.end({ isRefused: false });
      }
      throw error;
    }
    const next = { ...latest, tokens, goodUntil: goodUntil(tokens.idToken, this.#now()) };
    const stored = await this.#store.update((now) => (now?.id === this.id && isLive(now) ? next : now));
    if (stored !== next) {
      // The user signed out meanwhile: the new tokens must not outlive that.
      await this.#provider.revoke(tokens).catch(() => {});
      throw new SignInError('Your sign-in has ended.');
    }
    return next;
  }

  #give({ tokens }: LiveLogin): string {
    this.#given = tokens.idToken;
    return tokens.idToken;
  }
}

function isLive(login: StoredLogin): login is LiveLogin {
  return login.tokens !== null;
}
