// The client's types that the page uses, with one import of their source.

export type {
  AgentState,
  AgentStatus,
  Client,
  Connection,
  Job,
  JobState,
  JobWatch,
  JsonObject,
  Liveness,
  OverallStatus,
  StatusDetail,
  StatusUpdate,
  TokenUsage,
  Waiting,
} from '@statusbeam/client';
export type { JobCount, TenantJob, TenantMinute } from '@statusbeam/client/lists';
