// Sign-in with Amazon Cognito, without an SDK: InitiateAuth with a password, then with the refresh token.

const EARLY_MS = 60_000; // a token is renewed this long before its end

/** `retriable`: the service was not reached; nothing is wrong with the user. */
export class SignInError extends Error {
  constructor(message, { retriable = false } = {}) {
    super(message);
    this.retriable = retriable;
  }
}

/** The claims of a JWT. They are for display: whoever receives the token verifies it. */
export function claimsOf(token) {
  const part = token.split('.')[1] ?? '';
  const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

export class Session {
  #config;
  #fetch;
  #now;
  #tokens;
  #renewal = null;

  constructor(config, tokens, { fetch, now }) {
    this.#config = config;
    this.#fetch = fetch;
    this.#now = now;
    this.#tokens = tokens;
    this.claims = claimsOf(tokens.IdToken);
  }

  get userId() {
    return this.claims.sub;
  }

  /** A valid ID token; renewed when it is about to end. Throws SignInError. */
  async token() {
    if (this.claims.exp * 1000 - EARLY_MS > this.#now()) {
      return this.#tokens.IdToken;
    }
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = null;
    });
    await this.#renewal;
    return this.#tokens.IdToken;
  }

  async #renew() {
    const parameters = { REFRESH_TOKEN: this.#tokens.RefreshToken };
    const tokens = await initiateAuth(this.#config, 'REFRESH_TOKEN_AUTH', parameters, this.#fetch);
    this.#tokens = { ...this.#tokens, ...tokens };
    this.claims = claimsOf(tokens.IdToken);
  }
}

/** Sign in with a password. config: {region, userPoolClientId, awsEndpointUrl?}. Throws SignInError. */
export async function signIn(config, username, password, { fetch = (...a) => globalThis.fetch(...a), now = Date.now } = {}) {
  const parameters = { USERNAME: username, PASSWORD: password };
  const tokens = await initiateAuth(config, 'USER_PASSWORD_AUTH', parameters, fetch);
  return new Session(config, tokens, { fetch, now });
}

async function initiateAuth(config, flow, parameters, fetch) {
  let response;
  try {
    response = await fetch(config.awsEndpointUrl || `https://cognito-idp.${config.region}.amazonaws.com/`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'AWSCognitoIdentityProviderService.InitiateAuth',
      },
      body: JSON.stringify({ AuthFlow: flow, ClientId: config.userPoolClientId, AuthParameters: parameters }),
    });
  } catch {
    throw new SignInError('The sign-in service cannot be reached.', { retriable: true });
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok || !answer.AuthenticationResult) {
    throw new SignInError(answer.message ?? 'The sign-in service refused.');
  }
  return answer.AuthenticationResult;
}
