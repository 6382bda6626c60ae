// Sign-in to an Amazon Cognito user pool, without an SDK: a password, what Cognito may ask after it, and the refresh token.

import type { PasswordSignIn } from '../config.ts';
import { type Provider, SignInError } from './provider.ts';
import { PasswordProof, type VerifierChallenge } from './srp.ts';
import type { Tokens } from './tokens.ts';

type Fetch = typeof globalThis.fetch;

/** The challenge that Cognito sends before the tokens. */
export interface Challenge {
  name: 'NEW_PASSWORD_REQUIRED' | 'SOFTWARE_TOKEN_MFA' | 'MFA_SETUP';
  session: string;
  username: string;
  /** For MFA_SETUP: the key for the reader's authenticator app. */
  secret?: string;
}

export class CognitoProvider implements Provider {
  readonly id: string;
  #pool: PasswordSignIn;
  #fetch: Fetch;

  constructor(pool: PasswordSignIn, fetch: Fetch = browserFetch) {
    this.id = `cognito ${pool.region} ${pool.clientId}`;
    this.#pool = pool;
    this.#fetch = fetch;
  }

  async renew({ refreshToken }: Tokens): Promise<Tokens> {
    const answer = await ask(
      this.#pool,
      'InitiateAuth',
      {
        AuthFlow: 'REFRESH_TOKEN_AUTH',
        ClientId: this.#pool.clientId,
        AuthParameters: { REFRESH_TOKEN: refreshToken },
      },
      this.#fetch
    );
    return tokensOf(answer) ?? refused();
  }

  async revoke({ refreshToken }: Tokens): Promise<void> {
    await ask(this.#pool, 'RevokeToken', { ClientId: this.#pool.clientId, Token: refreshToken }, this.#fetch);
  }

  signOutUrl(): Promise<null> {
    return Promise.resolve(null); // a sign-in with a password has no session at the provider
  }
}

/** Sign in with a password, which stays here: returns tokens, or the next challenge. Throws SignInError. */
export async function signIn(
  pool: PasswordSignIn,
  username: string,
  password: string,
  fetch: Fetch = browserFetch
): Promise<Tokens | Challenge> {
  const proof = new PasswordProof();
  const begun = await ask(
    pool,
    'InitiateAuth',
    {
      AuthFlow: 'USER_SRP_AUTH',
      ClientId: pool.clientId,
      AuthParameters: { USERNAME: username, SRP_A: proof.publicValue },
    },
    fetch
  );
  if (begun.ChallengeName !== 'PASSWORD_VERIFIER') {
    return outcome(pool, begun, username, fetch);
  }
  const verifier = begun.ChallengeParameters as unknown as VerifierChallenge;
  const answer = await ask(
    pool,
    'RespondToAuthChallenge',
    {
      ChallengeName: 'PASSWORD_VERIFIER',
      ClientId: pool.clientId,
      Session: begun.Session,
      ChallengeResponses: await proof.answer(pool.userPoolId, password, verifier, new Date()),
    },
    fetch
  );
  return outcome(pool, answer, verifier.USER_ID_FOR_SRP, fetch);
}

/** The field of the answer to a challenge. */
const ANSWERS = new Map<Challenge['name'], string>([
  ['NEW_PASSWORD_REQUIRED', 'NEW_PASSWORD'],
  ['SOFTWARE_TOKEN_MFA', 'SOFTWARE_TOKEN_MFA_CODE'],
]);

/** Answer a challenge with the new password or the six digits. Throws SignInError. */
export async function answerChallenge(
  pool: PasswordSignIn,
  challenge: Challenge,
  response: string,
  fetch: Fetch = browserFetch
): Promise<Tokens | Challenge> {
  let { session } = challenge;
  if (challenge.name === 'MFA_SETUP') {
    const verified = await ask(pool, 'VerifySoftwareToken', { Session: session, UserCode: response }, fetch);
    session = verified.Session ?? session;
  }
  const name = ANSWERS.get(challenge.name) ?? null;
  const answer = await ask(
    pool,
    'RespondToAuthChallenge',
    {
      ChallengeName: challenge.name,
      ClientId: pool.clientId,
      Session: session,
      ChallengeResponses: { USERNAME: challenge.username, ...(name ? { [name]: response } : {}) },
    },
    fetch
  );
  return outcome(pool, answer, challenge.username, fetch);
}

/** Whether an answer is another challenge, and not the tokens. */
export function isChallenge(answer: Tokens | Challenge): answer is Challenge {
  return 'session' in answer;
}

async function outcome(pool: PasswordSignIn, answer: Answer, username: string, fetch: Fetch): Promise<Tokens | Challenge> {
  const tokens = tokensOf(answer);
  if (tokens) {
    return tokens;
  }
  const name = answer.ChallengeName as Challenge['name'];
  const session = answer.Session ?? '';
  if (name === 'MFA_SETUP') {
    const associated = await ask(pool, 'AssociateSoftwareToken', { Session: session }, fetch);
    return { name, session: associated.Session ?? session, username, secret: associated.SecretCode ?? '' };
  }
  if (name === 'NEW_PASSWORD_REQUIRED' || name === 'SOFTWARE_TOKEN_MFA') {
    return { name, session, username: answer.ChallengeParameters?.USER_ID_FOR_SRP ?? username };
  }
  return answer.ChallengeName ? refused(`This page can't answer ${answer.ChallengeName}.`) : refused();
}

function tokensOf({ AuthenticationResult: result }: Answer): Tokens | null {
  return result ? { idToken: result.IdToken, ...(result.RefreshToken ? { refreshToken: result.RefreshToken } : {}) } : null;
}

function refused(message = 'The sign-in service refused.'): never {
  throw new SignInError(message);
}

interface Answer {
  AuthenticationResult?: { IdToken: string; RefreshToken?: string };
  ChallengeName?: string;
  ChallengeParameters?: Record<string, string>;
  Session?: string;
  SecretCode?: string;
  message?: string;
}

const browserFetch: Fetch = (...parts) => globalThis.fetch(...parts);

async function ask(pool: PasswordSignIn, action: string, body: unknown, fetch: Fetch): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(pool.endpoint ?? `https://cognito-idp.${pool.region}.amazonaws.com/`, {
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
