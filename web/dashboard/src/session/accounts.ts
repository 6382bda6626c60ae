// The sign-in of one page: its provider, the login that this browser keeps, and how both change.

import type { PageConfig } from '../config.ts';
import { CognitoProvider } from './cognito.ts';
import { Login } from './login.ts';
import { type LoginStore, openLoginStore } from './loginStore.ts';
import type { OidcProvider } from './oidc.ts';
import type { Provider } from './provider.ts';
import { type Session, userSession } from './session.ts';
import { claimsOf, type Tokens } from './tokens.ts';

const NAME_CLAIMS = ['preferred_username', 'email', 'name', 'cognito:username', 'sub'];

/** The provider's answer in the page's address. */
export interface Arrival {
  /** Where the reader was before, as query and fragment; null if this tab did not send them. */
  readonly address: string | null;
  readonly session: Session | null;
  readonly problem: unknown;
}

export class Accounts {
  readonly config: PageConfig;
  #store: LoginStore;
  #provider: Provider;
  /** Null where the page itself asks for the password. */
  #redirect: OidcProvider | null;

  private constructor(config: PageConfig, store: LoginStore, provider: Provider, redirect: OidcProvider | null) {
    this.config = config;
    this.#store = store;
    this.#provider = provider;
    this.#redirect = redirect;
  }

  /** `page` is the address of the page without fragment and query, as providers know it. */
  static async open(config: PageConfig, page: string): Promise<Accounts> {
    const { signIn } = config;
    const store = await openLoginStore(new URL(page).pathname);
    if (signIn.kind === 'password') {
      return new Accounts(config, store, new CognitoProvider(signIn), null);
    }
    const { OidcProvider } = await import('./oidc.ts');
    const redirect = new OidcProvider(signIn, { page, storage: sessionStorage });
    return new Accounts(config, store, redirect, redirect);
  }

  /** The session that this browser has; null if it has none. */
  async resume(): Promise<Session | null> {
    const login = await Login.resume({ provider: this.#provider, store: this.#store });
    return login && this.#session(login);
  }

  /** Whether there was a login that has ended by itself. */
  async isOver(): Promise<boolean> {
    return (await this.#store.read())?.tokens === null;
  }

  /** Begin a session with these tokens. Throws SignInError if the API does not know their user. */
  async begin(name: string, tokens: Tokens): Promise<Session> {
    return this.#session(await Login.begin(name, tokens, { provider: this.#provider, store: this.#store }));
  }

  /** The address of the sign-in, after which the reader returns to this query and fragment. Throws SignInError. */
  async signInUrl(address: string): Promise<string | null> {
    const stored = await this.#store.read();
    return (await this.#redirect?.signInUrl(address, { isFresh: stored?.isRefused === true })) ?? null;
  }

  /** Accept the provider's answer. An answer that this tab did not request has no effect. */
  async arrive(answer: URLSearchParams): Promise<Arrival> {
    const pending = this.#redirect?.takePending(answer) ?? null;
    if (this.#redirect === null || pending === null) {
      return { address: null, session: null, problem: this.#redirect?.unknownAnswer ?? null };
    }
    const { address } = pending;
    try {
      const tokens = await this.#redirect.finish(answer, pending);
      const claims = claimsOf(tokens.idToken);
      const name = NAME_CLAIMS.map((claim) => claims[claim]).find((claim) => typeof claim === 'string' && claim);
      return { address, session: await this.begin(String(name), tokens), problem: null };
    } catch (problem) {
      return { address, session: null, problem };
    }
  }

  /** `left` is called once this browser's login is no longer the one of `session` (null: nobody's). */
  follow(session: Session | null, left: () => void): () => void {
    const known = session?.login?.id ?? null;
    const look = () =>
      void this.#store.read().then((stored) => {
        if (known === null ? stored?.tokens != null : stored?.id !== known) {
          left();
        }
      });
    return this.#store.watch(look);
  }

  /** A login without a tenant is useless, so the page drops it, and the provider offers another account. */
  async #session(login: Login): Promise<Session> {
    try {
      return userSession(login, this.config);
    } catch (error) {
      await login.end({ isRefused: true });
      throw error;
    }
  }
}
