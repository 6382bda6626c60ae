// The tokens of a sign-in, and their claims.

/** `idToken` is for the API. Without a refresh token, the login ends with it. */
export interface Tokens {
  readonly idToken: string;
  readonly refreshToken?: string;
}

/** The claims of a JWT, for display. They are not verified here: the API does that. */
export function claimsOf(token: string): Record<string, unknown> {
  return decoded(token.split('.')[1] ?? '');
}

/** The claims of a view token, for display: `sbv1.<key id>.<claims>.<signature>`. */
export function viewTokenClaims(token: string): { sub?: string; tenant?: string; jobs?: string[] } {
  return decoded(token.split('.')[2] ?? '');
}

/**
 * The expiry of a newly issued token, in epoch milliseconds by this device's clock. Only the token's lifetime counts, so a
 * clock that is wrong by hours renews no token too late or too often.
 */
export function goodUntil(token: string, now: number): number {
  const { exp, iat } = claimsOf(token);
  return typeof iat === 'number' ? now + (Number(exp) - iat) * 1000 : Number(exp) * 1000;
}

function decoded(part: string): Record<string, unknown> {
  const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
}
