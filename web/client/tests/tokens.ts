// Tokens as they look; nobody here checks their signatures.

/** A JWT with these claims. */
export function jwt(claims: object): string {
  return `${part({ alg: 'none' })}.${part(claims)}.signature`;
}

/** A view token with these claims. */
export function viewToken(claims: object): string {
  return `sbv1.key.${part(claims)}.signature`;
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
