// What a join says of itself, and what it wants done.

export type Verdict = 'joining' | 'whole' | 'behind' | 'cut';

/** Why the verdict is not `whole`. */
export type Reason =
  | 'connecting' // the first read or the first subscription is on its way
  | 'checking' // the subscription stands again, whether something was missed is being asked
  | 'not_connected' // no live subscription: news comes with each position check
  | 'catching_up' // something is known to be missing and is being read
  | 'log_expired' // the snapshot is right, earlier statuses are gone from the log
  | 'gap_in_log'
  | 'job_gone' // the store no longer has the job, or no longer shows it
  | 'forbidden'
  | 'failing'; // reads fail, they are tried again

export type JoinTimer = 'settle' | 'gap' | 'retry';

export type JoinCommand =
  | { readonly type: 'position'; readonly ticket: number }
  | { readonly type: 'page'; readonly ticket: number; readonly after: number; readonly limit: number }
  | { readonly type: 'snapshot'; readonly ticket: number }
  | { readonly type: 'timer'; readonly name: JoinTimer; readonly delay: number | null };
