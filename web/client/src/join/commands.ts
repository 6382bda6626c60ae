// The verdict of a join, and its commands for the runner to carry out.

export type Verdict = 'joining' | 'whole' | 'behind' | 'cut';

/** Why the verdict is not `whole`. */
export type Reason =
  | 'connecting' // the first read or the first subscription is in progress
  | 'checking' // the subscription is live again, the position is being checked
  | 'not_connected' // no live subscription: each position check finds new statuses
  | 'catching_up' // a status is known to be missing and is being read
  | 'log_expired' // the snapshot is correct, but earlier statuses have expired from the log
  | 'gap_in_log'
  | 'job_gone' // the job has expired, or the user may no longer see it
  | 'invalid_id' // the job id is invalid; `error.message` has the reason
  | 'forbidden' // the API refuses the reads; `error.code` has the reason
  | 'failing'; // reads fail, and the client retries

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
