// The queries and mutations of a deployment, in the words of the newest one, or of an older one once that is known.

import { StatusbeamError } from '../errors.ts';
import { jsonObject } from '../fold/numbers.ts';
import type { Job, JobPosition, OverallStatus, StatusDetail, StatusUpdatePage, StoredJob } from '../types.ts';
import type { ServiceClock } from './clock.ts';
import { DOCUMENTS, type Documents, isOlderDeployment, PLAIN_DOCUMENTS } from './documents.ts';
import type { GraphQL } from './graphql.ts';
import type { SessionInput } from './session.ts';

export interface JobPage {
  readonly jobs: readonly Job[];
  readonly nextToken: string | null;
}

export interface ListJobsOptions {
  /** 1 to 50. */
  readonly limit?: number;
  readonly nextToken?: string | null;
  readonly overallStatus?: OverallStatus | null;
}

/** A session ends this long after it was opened or extended, by the protocol. */
const SESSION_MS = 900_000;

interface Synced {
  readonly syncSession: { readonly expiresAt: number; readonly jobs: readonly JobPosition[] };
}

/** All its methods that read or write throw StatusbeamError. */
export class Api {
  readonly graphql: GraphQL;
  documents: Documents = DOCUMENTS;

  #clock: ServiceClock;

  constructor(graphql: GraphQL, clock: ServiceClock) {
    this.graphql = graphql;
    this.#clock = clock;
  }

  async listJobs({ limit = 20, nextToken = null, overallStatus = null }: ListJobsOptions): Promise<JobPage> {
    return (await this.#run<{ listJobs: JobPage }>('listJobs', { limit, nextToken, overallStatus })).listJobs;
  }

  async getJob(jobId: string): Promise<StoredJob> {
    return (await this.#run<{ getJob: StoredJob }>('getJob', { jobId })).getJob;
  }

  async getStatusDetail(jobId: string, sequence: number): Promise<StatusDetail> {
    const answer = await this.#run<{ getStatusDetail: StatusDetail }>('getStatusDetail', { jobId, sequence });
    const { detail, operatorDetail } = answer.getStatusDetail;
    return { jobId, sequence, detail: jsonObject(detail), operatorDetail: jsonObject(operatorDetail) };
  }

  async listStatusUpdates(jobId: string, afterSequence: number, limit: number): Promise<StatusUpdatePage> {
    const variables = { jobId, afterSequence, limit };
    return (await this.#run<{ listStatusUpdates: StatusUpdatePage }>('listStatusUpdates', variables)).listStatusUpdates;
  }

  /** `isLast`: the page is being left, the request must outlive it. */
  async syncSession(input: SessionInput, isLast: boolean): Promise<readonly JobPosition[]> {
    const asked = this.#clock.own();
    const { expiresAt, jobs } = (await this.#run<Synced>('syncSession', { input }, isLast)).syncSession;
    if (expiresAt > 0) {
      this.#clock.told(expiresAt * 1000 - SESSION_MS, asked);
    }
    return jobs;
  }

  /** Whether an error shows, for the first time, that the deployment is older than this client. Less is asked of it then. */
  isFromOlder(error: StatusbeamError): boolean {
    const isNew = this.documents === DOCUMENTS && isOlderDeployment(error.message);
    this.documents = isNew ? PLAIN_DOCUMENTS : this.documents;
    return isNew;
  }

  async #run<Data>(name: keyof Documents, variables: object, keepalive = false): Promise<Data> {
    const asked = this.documents;
    try {
      return await this.graphql.run<Data>(asked[name], variables, { keepalive });
    } catch (error) {
      if (!(asked === DOCUMENTS && error instanceof StatusbeamError && isOlderDeployment(error.message))) {
        throw error;
      }
      this.documents = PLAIN_DOCUMENTS; // another request may have shown it meanwhile
      return await this.graphql.run<Data>(this.documents[name], variables, { keepalive });
    }
  }
}
