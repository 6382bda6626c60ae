import type { ReactNode } from 'react';
import { jobName, shortened, timeText } from '../format.ts';
import type { ShownState } from '../labels.ts';
import type { Job } from '../types.ts';
import { Badge } from '../ui/Badge.tsx';
import { CopyButton } from '../ui/CopyButton.tsx';
import { Icon } from '../ui/Icon.tsx';

const LONGEST_TITLE = 160; // a longer text is shown in full below a short title
const SHORT_TITLE = 72;

interface Props {
  job: Job;
  state: ShownState;
  /** The job's title, or the text that this tab started it with. */
  title: string | null;
  now: number;
  /** When the run that is shown began. */
  runStartedAt: string | null;
  /** How many runs the job has had by now. */
  runs: number;
  /** Shows the job as it was after a status; null where the log does not allow it. */
  onTravel: ((sequence: number) => void) | null;
  /** The actions for the job. */
  children: ReactNode;
}

/** The job's title, ids, run and state. */
export function JobHead({ job, state, title: text, now, runStartedAt, runs, onTravel, children }: Props) {
  const title = text ? shortened(text, text.length <= LONGEST_TITLE ? LONGEST_TITLE : SHORT_TITLE) : jobName(job.jobId);
  const isItsId = title === job.jobId;
  const copy = <CopyButton text={job.jobId} label="Copy the job's id" />;
  const names = [
    ['Workflow', job.workflow],
    ['Session', job.sessionId],
    ['Correlation', job.correlationId],
    ['Document', job.documentId],
    ['Source', job.sourceType],
  ].filter(([, value]) => value);
  return (
    <header className="job-head">
      <a className="back" href="#home">
        <Icon name="left" size={14} /> Jobs
      </a>
      <div className="job-head-line">
        <h1 id="job-title" tabIndex={-1} dir="auto">
          {isItsId ? <span id="job-id">{title}</span> : title}
        </h1>
        {isItsId && copy}
        <Badge state={state} large id="job-state" />
      </div>
      {children && <div className="job-actions">{children}</div>}
      <ul className="job-names">
        {!isItsId && (
          <li>
            <code id="job-id">{job.jobId}</code>
            {copy}
          </li>
        )}
        {runs > 1 && <Run job={job} runs={runs} onTravel={onTravel} />}
        {runStartedAt && (
          <li>
            Started <time dateTime={runStartedAt}>{timeText(runStartedAt, now)}</time>
          </li>
        )}
        {names.map(([name, value]) => (
          <li key={name}>
            {name} <code>{value}</code>
          </li>
        ))}
      </ul>
      {text && text.length > LONGEST_TITLE && (
        <blockquote id="job-complaint" className="as-written" dir="auto">
          {text}
        </blockquote>
      )}
    </header>
  );
}

/** The number of the run, and the link to the end of the previous run. */
function Run({ job: { run, runFirstSequence }, runs, onTravel }: Pick<Props, 'job' | 'runs' | 'onTravel'>) {
  const endBefore = (runFirstSequence ?? 0) - 1;
  return (
    <li id="run">
      <strong>{`Run ${run} of ${runs}`}</strong>
      {run > 1 && endBefore > 0 && onTravel !== null && (
        <button type="button" className="link-button" onClick={() => onTravel(endBefore)}>
          Show run {run - 1}
        </button>
      )}
    </li>
  );
}
