import { titleOf } from '../demo/complaintStore.ts';
import { agoText, jobName, shortened } from '../format.ts';
import { durationOf } from '../jobs/jobFilter.ts';
import type { ShownState } from '../labels.ts';
import { jobLink } from '../router.ts';
import type { Job } from '../types.ts';
import { Badge } from '../ui/Badge.tsx';
import { Problem } from './Problem.tsx';

interface Props {
  jobs: readonly Job[];
  stateOf: (job: Job) => ShownState;
  now: number;
  /** Whether filters may hide some jobs. */
  isNarrowed: boolean;
  isLoading: boolean;
  readProblem: string | null;
  loadMore: readonly (() => void)[];
}

/** The jobs of the store that have not reported since the page was opened. */
export function EarlierJobs({ jobs, stateOf, now, isNarrowed, isLoading, readProblem, loadMore }: Props) {
  return (
    <section aria-labelledby="earlier-title">
      <h2 id="earlier-title">Earlier</h2>
      {readProblem !== null && <Problem text={`The tenant's jobs cannot be read. ${readProblem}`} />}
      {jobs.length === 0 && readProblem === null && (
        <p className="muted small">{emptyText(isLoading, isNarrowed, loadMore.length > 0)}</p>
      )}
      <ul className="panel tenant-earlier" id="tenant-earlier">
        {jobs.map((job) => (
          <Row key={job.jobId} job={job} state={stateOf(job)} now={now} />
        ))}
      </ul>
      {loadMore.length > 0 && (
        <button
          type="button"
          className="button"
          onClick={() => {
            for (const load of loadMore) {
              load();
            }
          }}
        >
          Show more
        </button>
      )}
    </section>
  );
}

function emptyText(isLoading: boolean, isNarrowed: boolean, hasMore: boolean): string {
  if (isLoading) {
    return 'Looking…';
  }
  if (!isNarrowed) {
    return 'No other job.';
  }
  return hasMore ? 'No job fits among those read so far. “Show more” looks at older ones.' : 'No other job fits.';
}

function Row({ job, state, now }: { job: Job; state: ShownState; now: number }) {
  const title = titleOf(job);
  const facts = [job.workflow, durationOf(job, state, now), `user ${job.userId}`].filter(Boolean);
  return (
    <li data-state={state}>
      <Badge state={state} />
      <span className="tenant-job-name">
        <a className="truncate" href={jobLink(job.jobId)}>
          <bdi>{title ? shortened(title) : jobName(job.jobId)}</bdi>
        </a>
        <span className="muted truncate">{facts.join(' · ')}</span>
      </span>
      <bdi className="tenant-outcome truncate" title={job.outcome ?? undefined}>
        {job.outcome}
      </bdi>
      <span className="muted tabular">{agoText(now - Date.parse(job.createdAt ?? ''))}</span>
    </li>
  );
}
