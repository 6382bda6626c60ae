// Which subscriptions the watched jobs take: one each while they are few, one for the whole user when they are many or
// the list of jobs is watched anyway. Changing over, the new one stands before the old one goes.

import { StatusbeamError } from '../errors.ts';
import type { Operation } from '../realtime/wire.ts';
import type { Credentials } from './credentials.ts';
import { ON_STATUS_UPDATE, ON_TENANT_STATUS } from './documents.ts';
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
  /** A job's pushes come (again), or no longer do. */
  readonly covered: (jobId: string, isCovered: boolean) => void;
  /** Nobody knows whose statuses to ask for. */
  readonly failed: (error: StatusbeamError) => void;
}

export class Subscriptions {
  #options: SubscriptionsOptions;
  #plan: Plan = { jobIds: [], user: false, tenant: false };
  #wanted = new Set<string>();
  #ids: { userId: string; tenantId: string | null } | null = null;
  #isAsking = false;
  #refused = new Set<string>();
  /** The user's own subscription was refused, as it is for tokens that name many jobs. */
  #noUser = false;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  plan(plan: Plan): void {
    const before = new Set(this.#plan.jobIds);
    this.#plan = plan;
    if (this.#options.pushes.isStanding('user')) {
      for (const jobId of plan.jobIds.filter((each) => !before.has(each))) {
        this.#options.covered(jobId, true);
      }
    }
    this.#settle();
  }

  /** Try again what could not be asked for; `all`: and what was refused, for a new login may change that. */
  retry(all: boolean): void {
    for (const key of all ? this.#refused : []) {
      this.#options.pushes.unwant(key);
      this.#wanted.delete(key);
    }
    if (all) {
      this.#refused.clear();
      this.#noUser = false;
    }
    this.#settle();
  }

  started(key: string): void {
    this.#refused.delete(key);
    for (const jobId of this.#coveredBy(key)) {
      this.#options.covered(jobId, true);
    }
    this.#settle();
  }

  interrupted(key: string): void {
    for (const jobId of this.#coveredBy(key).filter((each) => !this.#isCovered(each))) {
      this.#options.covered(jobId, false);
    }
  }

  refused(key: string, error: StatusbeamError): void {
    this.#refused.add(key);
    if (key === 'user' && !error.retriable) {
      this.#noUser = true;
      this.#settle();
    }
  }

  #coveredBy(key: string): readonly string[] {
    return key === 'user' ? this.#plan.jobIds : this.#plan.jobIds.filter((jobId) => key === `job:${jobId}`);
  }

  #isCovered(jobId: string): boolean {
    const { pushes } = this.#options;
    return pushes.isStanding('user') || pushes.isStanding(`job:${jobId}`);
  }

  #settle(): void {
    if (this.#ids === null) {
      void this.#askIds();
      return;
    }
    const { pushes } = this.#options;
    const { jobIds, user, tenant } = this.#plan;
    const shares = !this.#noUser && (user || jobIds.length > MOST_SINGLE);
    const single = jobIds.map((jobId) => `job:${jobId}`);
    const keys = new Set<string>();
    if (shares || (pushes.isStanding('user') && !single.every((key) => pushes.isStanding(key)))) {
      keys.add('user');
    }
    for (const key of single) {
      // Until the user's subscription stands, those that are there stay.
      if (!shares || (!pushes.isStanding('user') && this.#wanted.has(key))) {
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

  #operation(key: string, ids: { userId: string; tenantId: string | null }): Operation {
    const connectionId = this.#options.connectionId();
    if (key === 'tenant') {
      return { query: ON_TENANT_STATUS, variables: { tenantId: ids.tenantId, connectionId } };
    }
    // An argument that is null would filter for null: a subscription for all jobs names none.
    const only = key === 'user' ? {} : { jobId: key.slice('job:'.length) };
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
      this.#settle();
    } catch (error) {
      failed(error instanceof StatusbeamError ? error : new StatusbeamError('unavailable', 'No token could be had.'));
    } finally {
      this.#isAsking = false;
    }
  }
}
