// The port of a login to the issuer of its tokens.

import type { Tokens } from './tokens.ts';

export interface Provider {
  /** Names the issuer and the client: tokens of another one are of no use. */
  readonly id: string;
  /** New tokens for a login that goes on. Throws SignInError. */
  renew(tokens: Tokens): Promise<Tokens>;
  /** Take back the refresh token. Throws SignInError. */
  revoke(tokens: Tokens): Promise<void>;
  /** Where the browser goes to sign out there, too, with the last tokens if there are any; null where nothing is to be done. */
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
