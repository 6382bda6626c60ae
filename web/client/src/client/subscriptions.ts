// Chooses the subscriptions for the watched jobs: one for each of a few jobs, or one for the whole user, if the jobs are many
// or the list of jobs is watched. At a change, the old subscription ends after the new one has started.

import type { StatusbeamError } from '../errors.ts';
import type { Operation } from '../realtime/protocol.ts';
import type { Credentials } from './credentials.ts';
import { ON_STATUS_UPDATE, ON_TENANT_STATUS } from './documents.ts';
import { jobIdOf, jobKey, type SubscriptionKey } from './keys.ts';
import type { Pushes } from './pushes.ts';

/** More watched jobs than this share one subscription. */
const MOST_SINGLE = 5;

export interface Plan {
  readonly jobIds: readonly string[];
  readonly user: boolean;
  readonly tenant: boolean;
}

export interface SubscriptionsOptions {
  readonly pushes: Pushes;
  readonly credentials: Credentials;
  readonly connectionId: () => string;
  /** Called when a live subscription covers the job, or no longer covers it. */
  readonly covered: (jobId: string, isCovered: boolean) => void;
  /** Called if the user of the login cannot be read. */
  readonly failed: (error: StatusbeamError) => void;
}

export class Subscriptions {
  #options: SubscriptionsOptions;
  #plan: Plan = { jobIds: [], user: false, tenant: false };
  #wanted = new Set<SubscriptionKey>();
  #ids: { userId: string; tenantId: string | null } | null = null;
  #isAsking = false;
  #refused = new Set<SubscriptionKey>();
  /** Whether the API refused the user's subscription, as it does for tokens with many jobs. */
  #noUser = false;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  plan(plan: Plan): void {
    const before = new Set(this.#plan.jobIds);
    this.#plan = plan;
    if (this.#options.pushes.isSubscribed('user')) {
      for (const jobId of plan.jobIds.filter((each) => !before.has(each))) {
        this.#options.covered(jobId, true);
      }
    }
    this.#apply();
  }

  /** Retry the failed subscriptions; `all`: also the refused ones, because a new login may change that. */
  retry(all: boolean): void {
    if (all) {
      for (const key of this.#refused) {
        this.#options.pushes.unwant(key);
        this.#wanted.delete(key);
      }
      this.#refused.clear();
      this.#noUser = false;
    }
    this.#apply();
  }

  started(key: SubscriptionKey): void {
    this.#refused.delete(key);
    for (const jobId of this.#coveredBy(key)) {
      this.#options.covered(jobId, true);
    }
    this.#apply();
  }

  interrupted(key: SubscriptionKey): void {
    for (const jobId of this.#coveredBy(key).filter((each) => !this.#isCovered(each))) {
      this.#options.covered(jobId, false);
    }
  }

  refused(key: SubscriptionKey, error: StatusbeamError): void {
    this.#refused.add(key);
    if (key === 'user' && !error.retriable) {
      this.#noUser = true;
      this.#apply();
    }
  }

  #coveredBy(key: SubscriptionKey): readonly string[] {
    return key === 'user' ? this.#plan.jobIds : this.#plan.jobIds.filter((jobId) => jobIdOf(key) === jobId);
  }

  #isCovered(jobId: string): boolean {
    const { pushes } = this.#options;
    return pushes.isSubscribed('user') || pushes.isSubscribed(jobKey(jobId));
  }

  #apply(): void {
    const { jobIds, user, tenant } = this.#plan;
    if (this.#ids === null) {
      if (jobIds.length > 0 || user || tenant) {
        void this.#askIds();
      }
      return;
    }
    const { pushes } = this.#options;
    const shares = !this.#noUser && (user || jobIds.length > MOST_SINGLE);
    const single = jobIds.map((jobId) => jobKey(jobId));
    const keys = new Set<SubscriptionKey>();
    if (shares || (pushes.isSubscribed('user') && !single.every((key) => pushes.isSubscribed(key)))) {
      keys.add('user');
    }
    for (const key of single) {
      // The present subscriptions stay until the user's subscription has started.
      if (!shares || (!pushes.isSubscribed('user') && this.#wanted.has(key))) {
        keys.add(key);
      }
    }
    if (tenant) {
      keys.add('tenant');
    }
    for (const key of [...this.#wanted].filter((each) => !keys.has(each))) {
      this.#wanted.delete(key);
      pushes.unwant(key);
    }
    for (const key of [...keys].filter((each) => !this.#wanted.has(each))) {
      this.#wanted.add(key);
      pushes.want(key, this.#operation(key, this.#ids));
    }
  }

  #operation(key: SubscriptionKey, ids: { userId: string; tenantId: string | null }): Operation {
    const connectionId = this.#options.connectionId();
    if (key === 'tenant') {
      return { query: ON_TENANT_STATUS, variables: { tenantId: ids.tenantId, connectionId } };
    }
    // An argument with null would filter for null, so a subscription for all jobs has no jobId.
    const only = key === 'user' ? {} : { jobId: jobIdOf(key) };
    return { query: ON_STATUS_UPDATE, variables: { userId: ids.userId, ...only, connectionId } };
  }

  async #askIds(): Promise<void> {
    if (this.#isAsking) {
      return;
    }
    this.#isAsking = true;
    const { credentials, failed } = this.#options;
    try {
      const userId = await credentials.userId();
      this.#ids = { userId, tenantId: await credentials.tenantId().catch(() => null) };
      this.#apply();
    } catch (error) {
      failed(error as StatusbeamError); // credentials throw nothing else
    } finally {
      this.#isAsking = false;
    }
  }
}
