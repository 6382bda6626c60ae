// @statusbeam/client: follow jobs live, in order, provably without gaps. No dependencies.

export { Client, type ConnectOptions, connect } from './client/client.ts';
export { type Auth, claimsOf, type TokenSource } from './client/credentials.ts';
export { browserEnvironment, type Environment, type Socket, type SocketHandlers } from './client/environment.ts';
export type { JobStore, JobWatch } from './client/jobs.ts';
export type { Watch } from './client/store.ts';
export { TimeTravel } from './client/timetravel.ts';
export type { Connection, JobState } from './client/watchedJob.ts';
export { type ErrorCode, StatusbeamError } from './errors.ts';
export { apply, fold } from './fold/fold.ts';
export { agentLiveness, isOver, jobLiveness } from './fold/liveness.ts';
export { jobView, type Snapshot, snapshotOf } from './fold/snapshot.ts';
export type { Reason, Verdict } from './join/commands.ts';
export type { RecoveryCounts } from './join/recovery.ts';
export { TIMING, type Timing } from './timing.ts';
export type * from './types.ts';
