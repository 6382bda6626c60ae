// The port of a login to the issuer of its tokens.

import type { Tokens } from './tokens.ts';

export interface Provider {
  /** The issuer and the client. Tokens of others are useless. */
  readonly id: string;
  /** Refresh the tokens of a login. Throws SignInError. */
  renew(tokens: Tokens): Promise<Tokens>;
  /** Revoke the refresh token. Throws SignInError. */
  revoke(tokens: Tokens): Promise<void>;
  /** The address of the provider's sign-out, with the last tokens if known; null: the provider has none. */
  signOutUrl(tokens: Tokens | null): Promise<string | null>;
}

/** `retriable`: the service was not reached; nothing is wrong with the user. */
export class SignInError extends Error {
  readonly retriable: boolean;

  constructor(message: string, { retriable = false, cause }: { retriable?: boolean; cause?: unknown } = {}) {
    super(message, { cause });
    this.retriable = retriable;
  }
}
