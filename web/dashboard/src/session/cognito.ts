// Sign-in with Amazon Cognito, without an SDK: a password, what Cognito may ask after it, and the refresh token.

import type { PageConfig } from '../config.ts';

const EARLY_MS = 60_000; // a token is renewed this long before its end

type Pool = Pick<PageConfig, 'region' | 'userPoolClientId' | 'awsEndpointUrl'>;
type Fetch = typeof globalThis.fetch;

export interface Tokens {
  IdToken: string;
  RefreshToken?: string;
}

/** What Cognito asks for before it gives tokens. */
export interface Challenge {
  name: 'NEW_PASSWORD_REQUIRED' | 'SOFTWARE_TOKEN_MFA' | 'MFA_SETUP';
  session: string;
  username: string;
  /** For MFA_SETUP: what the reader types into their authenticator app. */
  secret?: string;
}

/** `retriable`: the service was not reached; nothing is wrong with the user. */
export class SignInError extends Error {
  readonly retriable: boolean;

  constructor(message: string, { retriable = false }: { retriable?: boolean } = {}) {
    super(message);
    this.retriable = retriable;
  }
}

/** The claims of a JWT, for display. They are not verified here: the API does that. */
export function claimsOf(token: string): Record<string, unknown> {
  return decoded(token.split('.')[1] ?? '');
}

/** The claims of a view token, for display: `sbv1.<key id>.<claims>.<signature>`. */
export function viewTokenClaims(token: string): { sub?: string; tenant?: string; jobs?: string[] } {
  return decoded(token.split('.')[2] ?? '');
}

function decoded(part: string): Record<string, unknown> {
  const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
}

export interface CognitoOptions {
  fetch?: Fetch;
  now?: () => number;
}

/** A signed-in user: their claims, and a token that is always fresh. */
export class CognitoSession {
  #pool: Pool;
  #tokens: Tokens;
  #fetch: Fetch;
  #now: () => number;
  #renewal: Promise<void> | null = null;
  claims: Record<string, unknown>;

  constructor(pool: Pool, tokens: Tokens, { fetch = browserFetch, now = Date.now }: CognitoOptions = {}) {
    this.#pool = pool;
    this.#tokens = tokens;
    this.#fetch = fetch;
    this.#now = now;
    this.claims = claimsOf(tokens.IdToken);
  }

  get userId(): string {
    return String(this.claims.sub);
  }

  get tenantId(): string | null {
    const tenant = this.claims.tenantId ?? this.claims['custom:tenantId'];
    return typeof tenant === 'string' ? tenant : null;
  }

  get roles(): string[] {
    const groups = this.claims['cognito:groups'];
    return Array.isArray(groups) ? groups.map(String) : [];
  }

  /** A valid ID token; renewed when it is about to end, or was `refused` though this clock calls it good. Throws SignInError. */
  async token({ refused = false }: { refused?: boolean } = {}): Promise<string> {
    if (!refused && Number(this.claims.exp) * 1000 - EARLY_MS > this.#now()) {
      return this.#tokens.IdToken;
    }
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = null;
    });
    await this.#renewal;
    return this.#tokens.IdToken;
  }

  async #renew(): Promise<void> {
    const answer = await ask(
      this.#pool,
      'InitiateAuth',
      {
        AuthFlow: 'REFRESH_TOKEN_AUTH',
        ClientId: this.#pool.userPoolClientId,
        AuthParameters: { REFRESH_TOKEN: this.#tokens.RefreshToken },
      },
      this.#fetch
    );
    if (!answer.AuthenticationResult) {
      throw new SignInError('The sign-in service refused.');
    }
    this.#tokens = { ...this.#tokens, ...answer.AuthenticationResult };
    this.claims = claimsOf(this.#tokens.IdToken);
  }
}

/** Sign in with a password: a session, or what is asked next. Throws SignInError. */
export async function signIn(
  pool: Pool,
  username: string,
  password: string,
  options: CognitoOptions = {}
): Promise<CognitoSession | Challenge> {
  const answer = await ask(
    pool,
    'InitiateAuth',
    {
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId: pool.userPoolClientId,
      AuthParameters: { USERNAME: username, PASSWORD: password },
    },
    options.fetch
  );
  return outcome(pool, answer, username, options);
}

/** The field of the answer to a challenge. */
const ANSWERS = new Map<Challenge['name'], string>([
  ['NEW_PASSWORD_REQUIRED', 'NEW_PASSWORD'],
  ['SOFTWARE_TOKEN_MFA', 'SOFTWARE_TOKEN_MFA_CODE'],
]);

/** Answer a challenge with the new password or the six digits. Throws SignInError. */
export async function answerChallenge(
  pool: Pool,
  challenge: Challenge,
  response: string,
  options: CognitoOptions = {}
): Promise<CognitoSession | Challenge> {
  let { session } = challenge;
  if (challenge.name === 'MFA_SETUP') {
    const verified = await ask(pool, 'VerifySoftwareToken', { Session: session, UserCode: response }, options.fetch);
    session = verified.Session ?? session;
  }
  const name = ANSWERS.get(challenge.name) ?? null;
  const answer = await ask(
    pool,
    'RespondToAuthChallenge',
    {
      ChallengeName: challenge.name,
      ClientId: pool.userPoolClientId,
      Session: session,
      ChallengeResponses: { USERNAME: challenge.username, ...(name ? { [name]: response } : {}) },
    },
    options.fetch
  );
  return outcome(pool, answer, challenge.username, options);
}

async function outcome(
  pool: Pool,
  answer: Answer,
  username: string,
  options: CognitoOptions
): Promise<CognitoSession | Challenge> {
  if (answer.AuthenticationResult) {
    return new CognitoSession(pool, answer.AuthenticationResult, options);
  }
  const name = answer.ChallengeName as Challenge['name'];
  const session = answer.Session ?? '';
  if (name === 'MFA_SETUP') {
    const associated = await ask(pool, 'AssociateSoftwareToken', { Session: session }, options.fetch);
    return { name, session: associated.Session ?? session, username, secret: associated.SecretCode ?? '' };
  }
  if (name === 'NEW_PASSWORD_REQUIRED' || name === 'SOFTWARE_TOKEN_MFA') {
    return { name, session, username: answer.ChallengeParameters?.USER_ID_FOR_SRP ?? username };
  }
  throw new SignInError(
    answer.ChallengeName ? `This page can't answer ${answer.ChallengeName}.` : 'The sign-in service refused.'
  );
}

interface Answer {
  AuthenticationResult?: Tokens;
  ChallengeName?: string;
  ChallengeParameters?: Record<string, string>;
  Session?: string;
  SecretCode?: string;
  message?: string;
}

const browserFetch: Fetch = (...parts) => globalThis.fetch(...parts);

async function ask(pool: Pool, action: string, body: unknown, fetch: Fetch = browserFetch): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(pool.awsEndpointUrl || `https://cognito-idp.${pool.region}.amazonaws.com/`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `AWSCognitoIdentityProviderService.${action}`,
      },
      body: JSON.stringify(body),
    });
  } catch {
    throw new SignInError('The sign-in service cannot be reached.', { retriable: true });
  }
  const answer = (await response.json().catch(() => ({}))) as Answer;
  if (!response.ok) {
    throw new SignInError(answer.message ?? 'The sign-in service refused.', { retriable: response.status >= 500 });
  }
  return answer;
}
