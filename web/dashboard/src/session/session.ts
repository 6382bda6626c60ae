// The session of the page's user, and its credentials for the API.

import { type Auth, StatusbeamError } from '@statusbeam/client';
import { type CognitoSession, SignInError, viewTokenClaims } from './cognito.ts';

export interface Session {
  kind: 'user' | 'viewToken' | 'apiKey';
  name: string;
  userId: string;
  tenantId: string | null;
  isOperator: boolean;
  auth: Auth;
  /** For the demo's form; null when this session can't start jobs. */
  token: (() => Promise<string>) | null;
}

const OPERATOR_ROLES = new Set(['operator', 'admin']);

export function userSession(name: string, signedIn: CognitoSession): Session {
  const token = (why?: { refused: boolean }) => signedIn.token(why).catch(asClientError);
  return {
    kind: 'user',
    name,
    userId: signedIn.userId,
    tenantId: signedIn.tenantId,
    isOperator: signedIn.roles.some((role) => OPERATOR_ROLES.has(role)),
    auth: { type: 'cognito', token },
    token,
  };
}

/** If the sign-in service cannot be reached, the login may still be good: the client tries again. */
function asClientError(error: unknown): never {
  throw error instanceof SignInError && error.retriable ? new StatusbeamError('unavailable', error.message) : error;
}

/** The session of a link: another app minted its token. Null if the token cannot be read. */
export function linkSession(key: { viewToken: string } | { apiKey: string; userId: string }): Session | null {
  if ('apiKey' in key) {
    const auth: Auth = { type: 'apiKey', key: key.apiKey, userId: key.userId };
    return { kind: 'apiKey', name: key.userId, userId: key.userId, tenantId: 'public', isOperator: false, auth, token: null };
  }
  try {
    const claims = viewTokenClaims(key.viewToken);
    const auth: Auth = { type: 'viewToken', token: () => Promise.resolve(key.viewToken) };
    const userId = claims.sub ?? '';
    return { kind: 'viewToken', name: userId, userId, tenantId: claims.tenant ?? null, isOperator: false, auth, token: null };
  } catch {
    return null; // not a view token
  }
}
