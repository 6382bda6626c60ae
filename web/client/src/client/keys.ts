// The keys of subscriptions. Only this module makes and parses them.

export type SubscriptionKey = 'user' | 'tenant' | `job:${string}`;

export function jobKey(jobId: string): SubscriptionKey {
  return `job:${jobId}`;
}

/** The job of a key; null for the keys of a user and a tenant. */
export function jobIdOf(key: SubscriptionKey): string | null {
  return key.startsWith('job:') ? key.slice('job:'.length) : null;
}
