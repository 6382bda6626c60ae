import { isOver } from '@statusbeam/client';
import type { UserJobs } from '@statusbeam/client/react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useCallback, useMemo, useRef } from 'react';
import { titleOf } from '../demo/complaintStore.ts';
import { agoText, jobName, percentText, shortened } from '../format.ts';
import { type ShownState, STATE_LABELS } from '../labels.ts';
import { jobLink } from '../router.ts';
import type { Client, Job } from '../types.ts';
import { StateIcon } from '../ui/Badge.tsx';
import { Icon } from '../ui/Icon.tsx';
import { useShortcuts } from '../ui/useShortcuts.ts';
import { FilterBar } from './FilterBar.tsx';
import { durationOf, nowDoing, pauseOf } from './jobFilter.ts';
import { IN_QUERY, showsEverything, useListState } from './listState.ts';
import { useListedJobs } from './useListedJobs.ts';

const ROW_HEIGHT = 76;

interface Props {
  client: Client;
  /** All jobs of the user, which the page watches in any case, for the connection. */
  everything: UserJobs;
  currentId: string | null;
  canStart: boolean;
  /** Whether the session may list jobs; an API key may not. */
  canList: boolean;
  isOperator: boolean;
  isTenantOpen: boolean;
}

/** The user's jobs: filters, search, more; newest first and live. */
export function JobList({ client, everything, currentId, canStart, canList, isOperator, isTenantOpen }: Props) {
  const [state, change] = useListState(IN_QUERY);
  const { jobs, workflows, stateOf, now, isLoading, error, loadMore } = useListedJobs(client, everything, state, canList);
  const field = useRef<HTMLInputElement>(null);
  const toSearch = useCallback(() => field.current?.focus(), []);
  const toFirst = () => document.querySelector<HTMLElement>('#jobs .job-link')?.focus();
  return (
    <nav className="job-list" aria-labelledby="jobs-title">
      <div className="job-list-head">
        <h2 id="jobs-title">Your jobs</h2>
        {canStart && (
          <a className="button" href="#new">
            <Icon name="plus" size={14} /> New
          </a>
        )}
      </div>
      {isOperator && (
        <a className="tenant-link" href="#tenant" aria-current={isTenantOpen ? 'page' : undefined}>
          <Icon name="pulse" size={15} /> The whole tenant
          <Icon name="right" size={13} />
        </a>
      )}
      <FilterBar
        label="Search jobs"
        placeholder="Search jobs"
        state={state}
        onChange={change}
        workflows={workflows}
        canNarrow={canList}
        field={field}
        onEnter={toFirst}
      />
      <Rows jobs={jobs} currentId={currentId} now={now} stateOf={stateOf} toSearch={toSearch} />
      {!canList && jobs.length === 0 && (
        <p className="muted small job-hint">This link lists no jobs. A job appears here with its next status.</p>
      )}
      {canList && jobs.length === 0 && !error && (
        <p className="muted small job-hint" id="jobs-hint">
          {emptyText(isLoading, showsEverything(state), loadMore !== null)}
        </p>
      )}
      {canList && error && (
        <p className="notice small" role="alert" data-state="failed">
          <Icon name="alert" size={14} />
          <span>Your jobs cannot be listed. {error.message}</span>
        </p>
      )}
      {loadMore !== null && (
        // Never disabled: a list that is read again just as somebody clicks would swallow the click.
        <button type="button" className="button" id="more-jobs" aria-busy={isLoading} onClick={loadMore}>
          Show more
        </button>
      )}
    </nav>
  );
}

function emptyText(isLoading: boolean, isEverything: boolean, hasMore: boolean): string {
  if (isLoading) {
    return 'Looking…';
  }
  if (isEverything) {
    return 'None yet. A job appears here with its first status.';
  }
  return hasMore ? 'No job fits among those read so far. “Show more” looks at older ones.' : 'No job fits.';
}

interface RowsProps {
  jobs: readonly Job[];
  currentId: string | null;
  now: number;
  stateOf: (job: Job) => ShownState;
  toSearch: () => void;
}

function Rows({ jobs, currentId, now, stateOf, toSearch }: RowsProps) {
  const frame = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: jobs.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => jobs[index]?.jobId ?? index,
    overscan: 8,
  });
  const move = useCallback(
    (rows: number) => {
      const focused = document.activeElement?.closest<HTMLElement>('#jobs [data-job]')?.dataset.job;
      const at = jobs.findIndex(({ jobId }) => jobId === (focused ?? currentId));
      const next = Math.min(jobs.length - 1, Math.max(0, focused === undefined && at < 0 ? 0 : at + rows));
      virtual.scrollToIndex(next);
      const row = () => frame.current?.querySelector<HTMLElement>(`[aria-posinset="${next + 1}"] > a`);
      const focus = () => row()?.focus({ preventScroll: true });
      if (row()) {
        focus();
      } else {
        requestAnimationFrame(focus); // rendered only when it comes into view
      }
    },
    [jobs, currentId, virtual]
  );
  useShortcuts(
    useMemo(
      () =>
        new Map([
          ['/', toSearch],
          ['j', () => move(1)],
          ['k', () => move(-1)],
        ]),
      [toSearch, move]
    )
  );
  return (
    <div className="job-rows" ref={frame}>
      <ul id="jobs" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const job = jobs[item.index] as Job;
          const state = stateOf(job);
          return (
            <li
              key={item.key}
              style={{ transform: `translateY(${item.start}px)` }}
              data-job={job.jobId}
              aria-setsize={jobs.length}
              aria-posinset={item.index + 1}
            >
              <Row
                job={job}
                state={state}
                pause={pauseOf(job, state, now)}
                duration={durationOf(job, state, now)}
                ago={job.createdAt ? agoText(now - Date.parse(job.createdAt)) : ''}
                isCurrent={job.jobId === currentId}
              />
            </li>
          );
        })}
      </ul>
    </div>
  );
}

interface RowProps {
  job: Job;
  state: ShownState;
  /** Why the job is silent; null if it is live. */
  pause: string | null;
  /** The duration until the end, or until now. */
  duration: string | null;
  ago: string;
  isCurrent: boolean;
}

const Row = memo(function Row({ job, state, pause, duration, ago, isCurrent }: RowProps) {
  const text = titleOf(job);
  const isOpen = !isOver(job);
  const news = pause ?? (isOpen ? nowDoing(job) : job.outcome);
  const facts = [
    job.run > 1 ? `run ${job.run}` : null,
    isOpen && job.progress !== null ? percentText(job.progress) : null,
    duration,
  ].filter((fact) => fact !== null);
  return (
    <a className="job-link" href={jobLink(job.jobId)} data-state={state} aria-current={isCurrent ? 'page' : undefined}>
      <StateIcon state={state} size={15} />
      <bdi className="name truncate">{text ? shortened(text) : jobName(job.jobId)}</bdi>
      <span className="ago tabular">{ago}</span>
      <span className="more truncate">
        <span className="state-label">{STATE_LABELS[state]}</span>
        <span className="tabular">{facts.map((fact) => ` · ${fact}`)}</span>
        {job.workflow && (
          <span>
            {' · '}
            <bdi>{job.workflow}</bdi>
          </span>
        )}
      </span>
      {news && (
        <bdi className="news truncate" title={news}>
          {news}
        </bdi>
      )}
    </a>
  );
});
