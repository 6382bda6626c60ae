import assert from 'node:assert/strict';
import { createHash, createHmac, getDiffieHellman, randomBytes } from 'node:crypto';
import test from 'node:test';
import { SignInError } from '../src/session/provider.ts';
import { PasswordProof } from '../src/session/srp.ts';

// The other side, as Cognito computes it: it knows the password's verifier, and never the password. The group is Node's own.
const N = BigInt(`0x${getDiffieHellman('modp15').getPrime('hex')}`);
const big = (bytes: Buffer) => BigInt(`0x${bytes.toString('hex') || '0'}`);
const sha = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
const hmac = (key: Buffer, ...parts: Buffer[]) => createHmac('sha256', key).update(Buffer.concat(parts)).digest();

/** Two's complement, as Java's BigInteger has it. */
function signed(number: bigint): Buffer {
  const hex = number.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
}

function pow(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result * (bit === '1' ? base : 1n)) % N;
  }
  return result;
}

/** A user pool's side of one attempt. */
class Verifier {
  readonly salt = randomBytes(16).toString('hex');
  readonly block = randomBytes(48).toString('base64');
  #verifier: bigint;
  #secret = big(randomBytes(64));
  #poolName: string;
  #userId: string;

  constructor(poolName: string, userId: string, password: string) {
    this.#poolName = poolName;
    this.#userId = userId;
    const x = big(sha(signed(BigInt(`0x${this.salt}`)), sha(Buffer.from(`${poolName}${userId}:${password}`))));
    this.#verifier = pow(2n, x);
  }

  get challenge() {
    const B = (big(sha(signed(N), signed(2n))) * this.#verifier + pow(2n, this.#secret)) % N;
    return { USER_ID_FOR_SRP: this.#userId, SALT: this.salt, SRP_B: B.toString(16), SECRET_BLOCK: this.block };
  }

  /** The signature of who knows the password, for what they sent. */
  signature(publicValue: string, timestamp: string): string {
    const A = BigInt(`0x${publicValue}`);
    const u = big(sha(signed(A), signed(BigInt(`0x${this.challenge.SRP_B}`))));
    const shared = pow(A * pow(this.#verifier, u), this.#secret);
    const key = hmac(hmac(signed(u), signed(shared)), Buffer.from('Caldera Derived Key\u0001')).subarray(0, 16);
    const said = [Buffer.from(this.#poolName + this.#userId), Buffer.from(this.block, 'base64'), Buffer.from(timestamp)];
    return hmac(key, ...said).toString('base64');
  }
}

const NOW = new Date('2026-11-09T02:04:05.678Z');

test('the right password is proved, with any random numbers', async () => {
  for (const password of ['Pa55-word', 'Übung: 🔑', ...Array.from({ length: 20 }, (_, number) => `p${number}`)]) {
    const [proof, verifier] = [new PasswordProof(), new Verifier('AbC', 'ana-1', password)];
    const answer = await proof.answer('eu-west-1_AbC', password, verifier.challenge, NOW);
    assert.equal(answer.TIMESTAMP, 'Mon Nov 9 02:04:05 UTC 2026');
    assert.equal(answer.PASSWORD_CLAIM_SIGNATURE, verifier.signature(proof.publicValue, answer.TIMESTAMP ?? ''));
    assert.deepEqual([answer.USERNAME, answer.PASSWORD_CLAIM_SECRET_BLOCK], ['ana-1', verifier.block]);
  }
});

test('another password proves nothing', async () => {
  const [proof, verifier] = [new PasswordProof(), new Verifier('AbC', 'ana-1', 'right')];
  const answer = await proof.answer('eu-west-1_AbC', 'wrong', verifier.challenge, NOW);
  assert.notEqual(answer.PASSWORD_CLAIM_SIGNATURE, verifier.signature(proof.publicValue, answer.TIMESTAMP ?? ''));
});

test('each attempt has a secret of its own', () => {
  assert.notEqual(new PasswordProof().publicValue, new PasswordProof().publicValue);
});

for (const [what, value] of [
  ['zero', '0'],
  ['the group’s prime', N.toString(16)],
] as const) {
  test(`${what} from the service is refused, because it would allow testing passwords`, async () => {
    const challenge = { USER_ID_FOR_SRP: 'ana', SALT: 'a1', SRP_B: value, SECRET_BLOCK: '' };
    await assert.rejects(new PasswordProof().answer('p_1', 'x', challenge, NOW), SignInError);
  });
}
