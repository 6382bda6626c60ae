import { jobName, shortened, timeText } from '../format.ts';
import type { ShownState } from '../labels.ts';
import type { Job } from '../types.ts';
import { Badge } from '../ui/Badge.tsx';
import { CopyButton } from '../ui/CopyButton.tsx';
import { Icon } from '../ui/Icon.tsx';

const LONGEST_TITLE = 160; // a longer text is quoted whole below a short title
const SHORT_TITLE = 72;

interface Props {
  job: Job;
  state: ShownState;
  /** What the job is about, when this tab knows it. */
  text: string | null;
  now: number;
}

/** The job's title, ids and state. */
export function JobHead({ job, state, text, now }: Props) {
  const title = text ? shortened(text, text.length <= LONGEST_TITLE ? LONGEST_TITLE : SHORT_TITLE) : jobName(job.jobId);
  const isItsId = title === job.jobId;
  const copy = <CopyButton text={job.jobId} label="Copy the job's id" />;
  const names = [
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
      <ul className="job-names">
        {!isItsId && (
          <li>
            <code id="job-id">{job.jobId}</code>
            {copy}
          </li>
        )}
        {job.createdAt && (
          <li>
            Started <time dateTime={job.createdAt}>{timeText(job.createdAt, now)}</time>
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
