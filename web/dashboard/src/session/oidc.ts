// Sign-in at an OpenID Connect provider: authorization code with PKCE, then refresh tokens. Loaded only where readers sign in
// this way. The protocol is oauth4webapi's.

import * as oauth from 'oauth4webapi';
import type { RedirectSignIn } from '../config.ts';
import { type Provider, SignInError } from './provider.ts';
import { hostOf, problemOf, unknownAnswer } from './signInProblems.ts';
import { claimsOf, type Tokens } from './tokens.ts';

const TIMEOUT_MS = 15_000;
const PENDING = 'statusbeam-sign-in';

type Fetch = typeof globalThis.fetch;
type ProtocolRequest = oauth.CustomFetchOptions<string, URLSearchParams | undefined>;

/** The state that this tab stores while its reader is at the provider. */
interface PendingSignIn {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** Where the reader was: query and fragment of the address. */
  readonly address: string;
}

export interface OidcOptions {
  /** The address of the page, as it is registered with the provider. */
  readonly page: string;
  /** The storage of this tab, because a sign-in ends in the tab where it began. */
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  readonly fetch?: Fetch;
}

export class OidcProvider implements Provider {
  readonly id: string;
  #config: RedirectSignIn;
  #options: OidcOptions;
  #client: oauth.Client;
  #server: Promise<oauth.AuthorizationServer> | null = null;

  constructor(config: RedirectSignIn, options: OidcOptions) {
    this.id = `oidc ${config.issuer} ${config.clientId}`;
    this.#config = config;
    this.#options = options;
    this.#client = { client_id: config.clientId };
  }

  /**
   * The address of the sign-in. After it, the page shows the same query and fragment again. `isFresh`: the provider asks again,
   * even within its own session. Throws SignInError.
   */
  async signInUrl(address: string, { isFresh }: { isFresh: boolean }): Promise<string> {
    const { scopes, clientId } = this.#config;
    return this.#explained(async () => {
      const { authorization_endpoint: endpoint } = await this.#discover();
      if (endpoint === undefined) {
        throw new SignInError(`${hostOf(this.#config)} names no address to sign in at.`);
      }
      const pending: PendingSignIn = {
        state: oauth.generateRandomState(),
        nonce: oauth.generateRandomNonce(),
        verifier: oauth.generateRandomCodeVerifier(),
        address,
      };
      const url = new URL(endpoint);
      const parameters = {
        client_id: clientId,
        redirect_uri: this.#options.page,
        response_type: 'code',
        scope: scopes.join(' '),
        state: pending.state,
        nonce: pending.nonce,
        code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
        code_challenge_method: 'S256',
        ...(isFresh ? { prompt: 'login' } : {}),
        ...('identityProvider' in this.#config ? { identity_provider: this.#config.identityProvider } : {}),
      };
      for (const [name, value] of Object.entries(parameters)) {
        url.searchParams.set(name, value);
      }
      this.#options.storage.setItem(PENDING, JSON.stringify(pending));
      return url.href;
    });
  }

  /** The stored state of the sign-in of this answer, once; null if this tab did not begin it. */
  takePending(answer: URLSearchParams): PendingSignIn | null {
    const { storage } = this.#options;
    const pending = JSON.parse(storage.getItem(PENDING) ?? 'null') as PendingSignIn | null;
    if (pending === null || pending.state !== answer.get('state')) {
      return null;
    }
    storage.removeItem(PENDING);
    return pending;
  }

  /** The message for an answer without such a sign-in. */
  get unknownAnswer(): SignInError {
    return unknownAnswer(hostOf(this.#config));
  }

  /** Exchange the provider's answer for tokens. Throws SignInError. */
  async finish(answer: URLSearchParams, { state, nonce, verifier }: PendingSignIn): Promise<Tokens> {
    return this.#explained(async () => {
      const server = await this.#discover();
      const parameters = oauth.validateAuthResponse(server, this.#client, answer, state);
      const response = await oauth.authorizationCodeGrantRequest(
        server,
        this.#client,
        oauth.None(),
        parameters,
        this.#options.page,
        verifier,
        this.#request()
      );
      const client = await this.#byIssuersClock(response);
      const processed = await oauth.processAuthorizationCodeResponse(server, client, response, {
        expectedNonce: nonce,
        requireIdToken: true,
      });
      return tokensOf(processed, hostOf(this.#config));
    });
  }

  async renew({ idToken, refreshToken }: Tokens): Promise<Tokens> {
    if (refreshToken === undefined) {
      throw new SignInError('Your sign-in has expired.');
    }
    return this.#explained(async () => {
      const server = await this.#discover();
      const response = await oauth.refreshTokenGrantRequest(server, this.#client, oauth.None(), refreshToken, this.#request());
      const client = await this.#byIssuersClock(response);
      const tokens = tokensOf(await oauth.processRefreshTokenResponse(server, client, response), hostOf(this.#config));
      if (claimsOf(tokens.idToken).sub !== claimsOf(idToken).sub) {
        throw new SignInError(`${hostOf(this.#config)} answered for another user.`);
      }
      return tokens;
    });
  }

  async revoke({ refreshToken }: Tokens): Promise<void> {
    const server = await this.#discover();
    if (refreshToken !== undefined && server.revocation_endpoint !== undefined) {
      await oauth.revocationRequest(server, this.#client, oauth.None(), refreshToken, this.#request());
    }
  }

  async signOutUrl(tokens: Tokens | null): Promise<string | null> {
    const { page } = this.#options;
    const { clientId } = this.#config;
    if (this.#config.kind === 'managedLogin') {
      // Cognito's own endpoint, with other parameters than OpenID Connect's
      const parameters = new URLSearchParams({ client_id: clientId, logout_uri: page });
      return `https://${this.#config.domain}/logout?${parameters}`;
    }
    const { end_session_endpoint: endpoint } = await this.#discover();
    if (endpoint === undefined) {
      return null;
    }
    const url = new URL(endpoint);
    if (tokens !== null) {
      url.searchParams.set('id_token_hint', tokens.idToken);
    }
    url.searchParams.set('client_id', clientId);
    url.searchParams.set('post_logout_redirect_uri', page);
    return url.href;
  }

  /** The provider's metadata, read once; after a failure the next caller reads again. */
  #discover(): Promise<oauth.AuthorizationServer> {
    this.#server ??= this.#readMetadata().catch((error: unknown) => {
      this.#server = null;
      throw error;
    });
    return this.#server;
  }

  async #readMetadata(): Promise<oauth.AuthorizationServer> {
    const issuer = new URL(this.#config.issuer);
    const response = await oauth.discoveryRequest(issuer, { ...this.#request(), algorithm: 'oidc' });
    // like AppSync, accept an issuer that differs by a slash at its end
    const named = await fieldOf(response, 'issuer');
    const isSame = named.replace(/\/$/, '') === this.#config.issuer.replace(/\/$/, '');
    return oauth.processDiscoveryResponse(isSame ? new URL(named) : issuer, response);
  }

  /**
   * The client, with the clock of the token's issuer. The nonce and TLS prove that the token is new, so the device's clock,
   * which may be wrong by hours, decides nothing.
   */
  async #byIssuersClock(response: Response): Promise<oauth.Client> {
    const token = await fieldOf(response, 'id_token');
    const issued = token === '' ? undefined : claimsOf(token).iat;
    return typeof issued === 'number'
      ? { ...this.#client, [oauth.clockSkew]: issued - Math.floor(Date.now() / 1000) }
      : this.#client;
  }

  /** For localcloud, providers on this machine may speak plain HTTP. */
  #request() {
    const { hostname } = new URL(this.#config.issuer);
    return {
      [oauth.allowInsecureRequests]: hostname === '127.0.0.1' || hostname === 'localhost',
      [oauth.customFetch]: (url: string, init: ProtocolRequest) => this.#fetch(url, init),
    };
  }

  async #fetch(url: string, init: ProtocolRequest): Promise<Response> {
    const { fetch = globalThis.fetch } = this.#options;
    let response: Response;
    try {
      response = await fetch(url, { ...init, body: init.body ?? null, signal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch (cause) {
      // The page's policy refuses origins that the stage does not name; from here, that looks like a broken network.
      const { origin, host } = new URL(url);
      const isElsewhere = origin !== new URL(this.#config.issuer).origin;
      const hint = isElsewhere ? ` If it never can, ${origin} must be among the provider's origins of this page.` : '';
      throw new SignInError(`${host} cannot be reached.${hint}`, { retriable: true, cause });
    }
    if (response.status >= 500 || response.status === 429) {
      throw new SignInError(`${new URL(url).host} does not answer at the moment (${response.status}).`, { retriable: true });
    }
    return response;
  }

  async #explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw problemOf(error, hostOf(this.#config));
    }
  }
}

function tokensOf({ id_token: idToken, refresh_token: refreshToken }: oauth.TokenEndpointResponse, host: string): Tokens {
  if (idToken === undefined) {
    throw new SignInError(`${host} gave no new ID token.`);
  }
  return { idToken, ...(refreshToken === undefined ? {} : { refreshToken }) };
}

/** A text in a JSON response, which stays unread; empty if it has none. */
async function fieldOf(response: Response, name: string): Promise<string> {
  const body = (await response
    .clone()
    .json()
    .catch(() => null)) as Record<string, unknown> | null;
  const value = body?.[name];
  return typeof value === 'string' ? value : '';
}
