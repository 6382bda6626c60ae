// The queries and mutations of a deployment.

import type { JobPosition, StatusUpdatePage, StoredJob } from '../types.ts';
import type { ServiceClock } from './clock.ts';
import { GET_JOB, LIST_STATUS_UPDATES, SYNC_SESSION } from './documents.ts';
import type { GraphQL } from './graphql.ts';
import type { SessionInput } from './session.ts';

/** A session ends this long after it was opened or extended, by the protocol. */
const SESSION_MS = 900_000;

interface Synced {
  readonly syncSession: { readonly expiresAt: number; readonly jobs: readonly JobPosition[] };
}

/** Every method that reads or writes throws StatusbeamError. */
export class Api {
  readonly graphql: GraphQL;

  #clock: ServiceClock;

  constructor(graphql: GraphQL, clock: ServiceClock) {
    this.graphql = graphql;
    this.#clock = clock;
  }

  async getJob(jobId: string): Promise<StoredJob> {
    return (await this.graphql.run<{ getJob: StoredJob }>(GET_JOB, { jobId })).getJob;
  }

  async listStatusUpdates(jobId: string, afterSequence: number, limit: number): Promise<StatusUpdatePage> {
    const variables = { jobId, afterSequence, limit };
    const answer = await this.graphql.run<{ listStatusUpdates: StatusUpdatePage }>(LIST_STATUS_UPDATES, variables);
    return answer.listStatusUpdates;
  }

  /** `joined`: the subscriptions of this client read `earlier`. `isLast`: the request must outlive the closing page. */
  async syncSession(input: SessionInput, isLast: boolean): Promise<readonly JobPosition[]> {
    const asked = this.#clock.local();
    const answer = await this.graphql.run<Synced>(SYNC_SESSION, { input: { ...input, joined: true } }, { keepalive: isLast });
    const { expiresAt, jobs } = answer.syncSession;
    if (expiresAt > 0) {
      this.#clock.synchronize(expiresAt * 1000 - SESSION_MS, asked);
    }
    return jobs;
  }
}
