// The types the page reads. They are the client's; here, so that the page names its source once.

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
