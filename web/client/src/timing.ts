// Every wait of the client, in milliseconds.

export interface Timing {
  /** From the handshake's beginning to connection_ack. */
  readonly handshake: number;
  /** From start to start_ack. */
  readonly startAck: number;
  /** Silence that counts as a dead socket, when the service does not ask for less. It sends `ka` every 60 s. */
  readonly silence: number;
  /** The first reconnect comes after half to all of this, each further one after up to twice as long … */
  readonly reconnectFirst: number;
  /** … up to this. */
  readonly reconnectMost: number;
  /** A socket that lived this long is forgiven its predecessors' failures. */
  readonly reconnectForgiven: number;
  /** AppSync closes sockets after 24 h; a new one is opened this early, less up to a tenth by chance. */
  readonly renewal: number;
  /** How long a socket without subscriptions is kept. */
  readonly idle: number;
  /** How long a gap may be mere disorder, before the log is asked. */
  readonly gap: number;
  /** The second look after a join: events can be lost right after start_ack. */
  readonly settle: number;
  /** Position checks while all seems well. */
  readonly beat: number;
  /** … and while there is no live subscription: then the checks are how news arrives. */
  readonly beatOffline: number;
  /** The session is extended at least this often; it lives 15 minutes. */
  readonly session: number;
  /** The first retry of a failed read, doubling up to `retryMost`. */
  readonly retryFirst: number;
  readonly retryMost: number;
  /** One HTTP request. */
  readonly request: number;
  /** The token callback; then it is asked again. */
  readonly token: number;
}

export const TIMING: Timing = {
  handshake: 10_000,
  startAck: 15_000,
  silence: 150_000,
  reconnectFirst: 400,
  reconnectMost: 30_000,
  reconnectForgiven: 5_000,
  renewal: 23.5 * 3_600_000,
  idle: 5_000,
  gap: 120,
  settle: 1_500,
  beat: 20_000,
  beatOffline: 5_000,
  session: 300_000,
  retryFirst: 500,
  retryMost: 30_000,
  request: 15_000,
  token: 30_000,
};

/** How long to wait before try number `tries` (from 0): doubling, bounded, and never twice the same. */
export function backoff(tries: number, first: number, most: number, random: () => number): number {
  const longest = Math.min(most, first * 2 ** Math.min(tries, 20));
  return longest / 2 + (random() * longest) / 2;
}
