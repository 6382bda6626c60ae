// The types of graphql/schema.graphql, as readers get them.

export type StatusType = 'agent_status' | 'progress' | 'complete' | 'error' | 'heartbeat';
export type OverallStatus = 'initializing' | 'processing' | 'completed' | 'failed' | 'cancelled';
/** `cancelled` is also the state of an agent that its job left open at its end: it has no `completedAt`. */
export type AgentStatus = 'pending' | 'in-progress' | 'success' | 'error' | 'cancelled';
export type Liveness = 'live' | 'stale' | 'lost' | 'waiting' | 'ended';
export type JsonObject = { readonly [name: string]: unknown };

/** One entry of a job's log. `sequence` counts from 1 in each job, without gaps. */
export interface StatusUpdate {
  readonly jobId: string;
  readonly userId: string;
  readonly tenantId: string;
  readonly eventId: string;
  readonly sequence: number;
  readonly type: StatusType;
  readonly status: string;
  readonly qualifiedStatus: string | null;
  readonly message: string;
  readonly agentName: string | null;
  readonly invocationId: string | null;
  readonly parentInvocationId: string | null;
  readonly attempt: number | null;
  readonly toolName: string | null;
  /** Percent. */
  readonly progress: number | null;
  readonly etaSeconds: number | null;
  readonly executionTimeMs: number | null;
  readonly timestamp: string;
  readonly metadata: JsonObject | null;
}

/** A status as the API sends it: fields may be missing, metadata may be JSON text, a push holds `earlier` ones. */
export type RawStatusUpdate = {
  readonly [Field in keyof Omit<StatusUpdate, 'metadata' | 'sequence' | 'type'>]?: StatusUpdate[Field];
} & {
  readonly jobId: string;
  readonly eventId: string;
  readonly status: string;
  readonly type: string;
  readonly message: string;
  readonly timestamp: string;
  readonly sequence?: number | null;
  readonly metadata?: JsonObject | string | null;
  readonly earlier?: readonly RawStatusUpdate[] | null;
};

export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
}

/** Seconds from `lastUpdated`. */
export interface Eta {
  readonly p50: number;
  readonly p90: number;
}

/** The wait of a job or an agent. */
export interface Waiting {
  /** Such as `approval`. */
  readonly for: string;
  readonly prompt: string | null;
  readonly since: string;
  readonly until: string | null;
  /** Whether `answerWaiting` can end the wait. */
  readonly answerable: boolean;
  /** The agent that waits; null for the job itself. */
  readonly invocationId: string | null;
}

/** A person's answer to a job or an agent that waits. */
export interface Answer {
  /** The agent that waits; null for the job itself. */
  readonly invocationId?: string | null;
  readonly approved: boolean;
  readonly comment?: string | null;
}

/** A person's request to cancel the job. */
export interface CancelRequest {
  /** A user id. */
  readonly by: string | null;
  readonly reason: string | null;
  readonly at: string;
}

/** One invocation of one agent. */
export interface AgentState {
  readonly name: string;
  readonly invocationId: string;
  readonly parentInvocationId: string | null;
  readonly attempt: number;
  readonly status: AgentStatus;
  /** Null unless it waits. */
  readonly waiting: Waiting | null;
  /** Null while the agent is pending, and if no time was given. */
  readonly liveness: Liveness | null;
  /** Its last message. */
  readonly activity: string | null;
  readonly startedAt: string | null;
  readonly completedAt: string | null;
  /** Seconds. */
  readonly duration: number | null;
  /** Percent. */
  readonly progress: number | null;
  readonly tokenUsage: TokenUsage | null;
  readonly dependsOn: readonly string[] | null;
  readonly tools: readonly string[] | null;
  /** The end of the agent's lease; null while it is pending or waits, and after its end. */
  readonly leaseExpiresAt: string | null;
}

/** The snapshot: the fold of the job's log up to `sequence`. */
export interface Job {
  readonly jobId: string;
  readonly userId: string | null;
  readonly tenantId: string | null;
  readonly sessionId: string | null;
  readonly correlationId: string | null;
  readonly documentId: string | null;
  readonly sourceType: string | null;
  readonly workflow: string | null;
  /** The name of the job for people. */
  readonly title: string | null;
  /** The number of the run, from 1 on. Agents, progress, tokens and result are the current run's. */
  readonly run: number;
  /** The sequence with which the current run began; null before the first status. */
  readonly runFirstSequence: number | null;
  readonly overallStatus: OverallStatus;
  readonly agents: readonly AgentState[];
  readonly totalTokenUsage: TokenUsage | null;
  /** Percent. */
  readonly progress: number | null;
  readonly eta: Eta | null;
  /** The message of its final status; null while it runs. */
  readonly outcome: string | null;
  /** Its result: any JSON. */
  readonly result: unknown;
  /** The job's own wait, else the wait of the agent that has waited longest. */
  readonly waiting: Waiting | null;
  readonly cancelRequest: CancelRequest | null;
  readonly liveness: Liveness | null;
  readonly leaseExpiresAt: string | null;
  readonly sequence: number;
  readonly epoch: string | null;
  readonly createdAt: string | null;
  /** When the current run began, and when it ended. */
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly lastUpdated: string | null;
  /** Epoch seconds; null if only the store has it. */
  readonly expiresAt: number | null;
}

export interface StatusUpdatePage {
  readonly updates: readonly RawStatusUpdate[];
  readonly currentSequence: number;
  readonly nextAfterSequence: number;
  readonly recovered: boolean;
  readonly reason: string | null;
  /** The first status that the log still has; set with the reason `log_expired`. */
  readonly firstSequence?: number | null;
}

/** The details of a status that its log entry lacks. */
export interface StatusDetail {
  readonly jobId: string;
  readonly sequence: number;
  /** The complete metadata, even if it is too big for the log; null if it has expired. */
  readonly detail: JsonObject | null;
  /** Details for operators and admins of the job's tenant; null for other readers. */
  readonly operatorDetail: JsonObject | null;
}

/** The head of a job's log, from the store. */
export interface JobPosition {
  readonly jobId: string;
  readonly sequence: number;
  readonly epoch: string | null;
}

/** The answer of getJob: the job with `result` as JSON text, and the fold's own state as JSON. */
export interface StoredJob extends Job {
  readonly fold?: JsonObject | string | null;
  readonly agents: readonly StoredAgent[];
}

export interface StoredAgent extends AgentState {
  readonly fold?: JsonObject | string | null;
}
