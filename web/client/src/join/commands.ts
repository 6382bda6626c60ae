// The verdict of a join, and its commands for the runner to carry out.

export type Verdict = 'joining' | 'whole' | 'behind' | 'cut';

/** Why the verdict is not `whole`. */
export type Reason =
  | 'connecting' // the first read or the first subscription is on its way
  | 'checking' // the subscription is live again, the position is being checked
  | 'not_connected' // no live subscription: statuses come with each position check
  | 'catching_up' // a status is known to be missing and is being read
  | 'log_expired' // the snapshot is right, earlier statuses are gone from the log
  | 'gap_in_log'
  | 'job_gone' // the store no longer has the job, or no longer shows it
  | 'invalid_id' // no job can have this id; `error.message` has the reason
  | 'forbidden' // the API refuses the reads; `error.code` tells why
  | 'failing'; // reads fail, they are tried again

export type JoinTimer =
  | 'settle' // the second position check after a join
  | 'gap' // the push that would fill a gap
  | 'late' // the push of a status that the log has given
  | 'retry'; // the end of the pause after a failed read

export type JoinCommand =
  | { readonly type: 'position'; readonly ticket: number }
  | { readonly type: 'page'; readonly ticket: number; readonly after: number; readonly limit: number }
  | { readonly type: 'snapshot'; readonly ticket: number }
  | { readonly type: 'timer'; readonly name: JoinTimer; readonly delay: number | null };
