// Every wait of the client, in milliseconds.

export interface Timing {
  /** From the beginning of a handshake to connection_ack. */
  readonly handshake: number;
  /** From start to start_ack. */
  readonly startAck: number;
  /** The silence after which a socket counts as dead, unless the service sets less. It sends `ka` every 60 s. */
  readonly silence: number;
  /** The pause after a first failure is half to all of this, and doubles with each further failure. */
  readonly retryFirst: number;
  /** The longest pause after a failure. */
  readonly retryMost: number;
  /** A socket that lived this long clears the failures before it. */
  readonly reconnectForgiven: number;
  /** AppSync closes sockets after 24 h; a new one is opened this early, less up to a tenth by chance. */
  readonly renewal: number;
  /** How long a socket without subscriptions is kept. */
  readonly idle: number;
  /** How long the client waits for a late push before it reads the log. */
  readonly gap: number;
  /** The second position check after a join: events can be lost right after start_ack. */
  readonly settle: number;
  /** The interval of position checks while statuses arrive, or no subscription is live. A silent job is checked less often. */
  readonly poll: number;
  /** How long a push may take after the position has shown its status. After that, the pushes count as delayed. */
  readonly late: number;
  /** The session is extended at least this often; it lives 15 minutes. */
  readonly session: number;
  /** The timeout of an HTTP request. */
  readonly request: number;
  /** The timeout of a call of the token callback, which is then called again. */
  readonly token: number;
}

export const TIMING: Timing = {
  handshake: 10_000,
  startAck: 15_000,
  silence: 150_000,
  retryFirst: 400,
  retryMost: 30_000,
  reconnectForgiven: 5_000,
  renewal: 23.5 * 3_600_000,
  idle: 5_000,
  gap: 120,
  settle: 1_500,
  poll: 5_000,
  late: 1_000,
  session: 300_000,
  request: 15_000,
  token: 30_000,
};

/** The pause after a number of failures: doubling, bounded, and different for each client. */
export function backoff(failures: number, { retryFirst, retryMost }: Timing, random: () => number): number {
  const longest = Math.min(retryMost, retryFirst * 2 ** Math.min(failures, 20));
  return longest / 2 + (random() * longest) / 2;
}
