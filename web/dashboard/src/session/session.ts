// The session of the page's user, and its credentials for the API.

import { type Auth, StatusbeamError } from '@statusbeam/client';
import type { PageConfig } from '../config.ts';
import type { Login } from './login.ts';
import { SignInError } from './provider.ts';
import { viewTokenClaims } from './tokens.ts';

export interface Session {
  kind: 'user' | 'viewToken' | 'apiKey';
  name: string;
  userId: string;
  tenantId: string | null;
  isOperator: boolean;
  auth: Auth;
  /** For the demo's form; null when this session can't start jobs. */
  token: (() => Promise<string>) | null;
  /** Null for readers with a link. */
  login: Login | null;
}

const OPERATOR_ROLES = new Set(['operator', 'admin']);

/** The session of a login. Throws SignInError if its token names no tenant or no user. */
export function userSession(login: Login, { signIn }: Pick<PageConfig, 'signIn'>): Session {
  const { claims } = login;
  const isOidc = signIn.kind === 'oidc';
  const [tenantClaim, ...others] = isOidc ? [signIn.tenantClaim] : ['tenantId', 'custom:tenantId'];
  const tenantId = [tenantClaim, ...others].map((name) => claims[name ?? '']).find((claim) => typeof claim === 'string' && claim);
  if (typeof tenantId !== 'string') {
    throw new SignInError(
      `Your account belongs to no tenant: its token has no claim ${tenantClaim}. Ask the administrator of your account.`
    );
  }
  const { userClaim = 'sub' } = signIn;
  const userId = claims[userClaim];
  if (typeof userId !== 'string' || !userId) {
    throw new SignInError(`Your account has no user id: its token has no claim ${userClaim}. Ask who manages your account.`);
  }
  const roles = rolesIn(claims[isOidc ? signIn.rolesClaim : 'cognito:groups']);
  const token = (why?: { refused: boolean }) => login.token(why).catch(asClientError);
  return {
    kind: 'user',
    name: login.name,
    userId,
    tenantId,
    isOperator: roles.some((role) => OPERATOR_ROLES.has(role)),
    auth: isOidc ? { type: 'oidc', token, userClaim, tenantClaim: signIn.tenantClaim } : { type: 'cognito', token, userClaim },
    token,
    login,
  };
}

/** A list, or words. */
function rolesIn(claim: unknown): string[] {
  return Array.isArray(claim) ? claim.map(String) : typeof claim === 'string' ? claim.split(/\s+/) : [];
}

/** If the sign-in service cannot be reached, the login may still be valid, so the client retries. */
function asClientError(error: unknown): never {
  throw error instanceof SignInError && error.retriable ? new StatusbeamError('unavailable', error.message) : error;
}

/** The session of a link: another app minted its token. Null if the token cannot be read. */
export function linkSession(key: { viewToken: string } | { apiKey: string; userId: string }): Session | null {
  const visitor = { isOperator: false, token: null, login: null } as const;
  if ('apiKey' in key) {
    const auth: Auth = { type: 'apiKey', key: key.apiKey, userId: key.userId };
    return { kind: 'apiKey', name: key.userId, userId: key.userId, tenantId: 'public', auth, ...visitor };
  }
  try {
    const claims = viewTokenClaims(key.viewToken);
    const auth: Auth = { type: 'viewToken', token: () => Promise.resolve(key.viewToken) };
    const userId = claims.sub ?? '';
    return { kind: 'viewToken', name: userId, userId, tenantId: claims.tenant ?? null, auth, ...visitor };
  } catch {
    return null; // not a view token
  }
}
