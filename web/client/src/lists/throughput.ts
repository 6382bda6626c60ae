// Counts the statuses of a tenant's jobs by the minute.

/** One minute of a tenant, from the pushes that arrived in it. */
export interface TenantMinute {
  /** The beginning of the minute, in epoch milliseconds. */
  readonly startMs: number;
  readonly statuses: number;
  readonly endedJobs: number;
}

const MINUTE_MS = 60_000;
const KEPT = 60;

/** Counts statuses and ended jobs. It keeps the newest 60 minutes. */
export class Throughput {
  readonly sinceMs: number;
  /** The minutes that had statuses, in order. */
  minutes: readonly TenantMinute[] = [];

  constructor(sinceMs: number) {
    this.sinceMs = sinceMs;
  }

  add(nowMs: number, statuses: number, endedJobs: number): void {
    const startMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
    const last = this.minutes.at(-1);
    const before = last?.startMs === startMs ? last : { statuses: 0, endedJobs: 0 };
    const minute = { startMs, statuses: before.statuses + statuses, endedJobs: before.endedJobs + endedJobs };
    const earlier = before === last ? this.minutes.slice(0, -1) : this.minutes;
    this.minutes = [...earlier, minute].filter((each) => each.startMs > startMs - KEPT * MINUTE_MS);
  }
}
