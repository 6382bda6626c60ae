// The keys of subscriptions. They are made and read here only.

export type SubscriptionKey = 'user' | 'tenant' | `job:${string}`;

export function jobKey(jobId: string): SubscriptionKey {
  return `job:${jobId}`;
}

/** The job that a key names; null for the keys of a user and a tenant. */
export function jobIdOf(key: SubscriptionKey): string | null {
  return key.startsWith('job:') ? key.slice('job:'.length) : null;
}
