// Proof of a password that is never sent: SRP-6a as Cognito speaks it (USER_SRP_AUTH). Own code, because the libraries that know
// Cognito's variant bring the AWS SDK or a big-integer package of their own; browsers have both parts.

import { SignInError } from './provider.ts';

// The 3072-bit group of RFC 5054, with Cognito's generator.
const N = BigInt(
  '0xFFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B' +
    '302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6' +
    '49286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D' +
    '670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718' +
    '3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7D' +
    'B3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C' +
    'BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF'
);
const G = 2n;
const SECRET_BYTES = 32; // what RFC 5054, 2.5.4, asks for; more would only take longer
const KEY_BITS = 128;
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

type Bytes = Uint8Array<ArrayBuffer>;

/** The parameters of Cognito's challenge PASSWORD_VERIFIER. */
export interface VerifierChallenge {
  readonly USER_ID_FOR_SRP: string;
  readonly SALT: string;
  readonly SRP_B: string;
  readonly SECRET_BLOCK: string;
}

/** One attempt to sign in. */
export class PasswordProof {
  /** SRP_A: the first value for Cognito. */
  readonly publicValue: string;
  #secret: bigint;
  #public: bigint;

  constructor() {
    this.#secret = numberOf(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
    this.#public = power(G, this.#secret);
    this.publicValue = this.#public.toString(16);
  }

  /** The answer to the challenge. Throws SignInError for values that would reveal the password. */
  async answer(userPoolId: string, password: string, challenge: VerifierChallenge, now: Date): Promise<Record<string, string>> {
    const { USER_ID_FOR_SRP: userId, SECRET_BLOCK: block } = challenge;
    const poolName = userPoolId.slice(userPoolId.indexOf('_') + 1);
    const key = await this.#key(`${poolName}${userId}:${password}`, challenge);
    const timestamp = timestampOf(now);
    const message = joined(text(poolName), text(userId), fromBase64(block), text(timestamp));
    const signature = new Uint8Array(await crypto.subtle.sign('HMAC', key, message));
    return {
      USERNAME: userId,
      PASSWORD_CLAIM_SECRET_BLOCK: block,
      PASSWORD_CLAIM_SIGNATURE: btoa(String.fromCharCode(...signature)),
      TIMESTAMP: timestamp,
    };
  }

  async #key(identity: string, { SALT, SRP_B }: VerifierChallenge): Promise<CryptoKey> {
    const theirs = BigInt(`0x${SRP_B}`);
    const scramble = await hash(bytesOf(this.#public), bytesOf(theirs));
    const u = numberOf(scramble);
    if (theirs % N === 0n || u === 0n) {
      throw new SignInError('The sign-in service sent a value that proves nothing.');
    }
    const x = numberOf(await hash(bytesOf(BigInt(`0x${SALT}`)), await hash(text(identity))));
    const k = numberOf(await hash(bytesOf(N), bytesOf(G)));
    const base = (((theirs - k * power(G, x)) % N) + N) % N;
    const shared = await crypto.subtle.importKey('raw', bytesOf(power(base, this.#secret + u * x)), 'HKDF', false, [
      'deriveBits',
    ]);
    const derivation = { name: 'HKDF', hash: 'SHA-256', salt: bytesOf(u), info: text('Caldera Derived Key') };
    const bits = await crypto.subtle.deriveBits(derivation, shared, KEY_BITS);
    return crypto.subtle.importKey('raw', bits, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  }
}

/** As Cognito reads it: `Sun Nov 29 02:40:00 UTC 2026`. */
function timestampOf(now: Date): string {
  const [day, month] = [DAYS[now.getUTCDay()], MONTHS[now.getUTCMonth()]];
  return `${day} ${month} ${now.getUTCDate()} ${now.toISOString().slice(11, 19)} UTC ${now.getUTCFullYear()}`;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base % N;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) {
      result = (result * square) % N;
    }
    square = (square * square) % N;
  }
  return result;
}

/** Big-endian, with a zero byte before a first bit that is set. */
function bytesOf(number: bigint): Bytes {
  const hex = number.toString(16);
  const even = hex.length % 2 ? `0${hex}` : hex;
  const bytes = Uint8Array.from(even.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return (bytes[0] ?? 0) > 127 ? joined(new Uint8Array(1), bytes) : bytes;
}

const numberOf = (bytes: Bytes): bigint =>
  BigInt(`0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`);

const text = (value: string): Bytes => new TextEncoder().encode(value);

const fromBase64 = (value: string): Bytes => Uint8Array.from(atob(value), (character) => character.charCodeAt(0));

async function hash(...parts: Bytes[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', joined(...parts)));
}

function joined(...parts: Bytes[]): Bytes {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
