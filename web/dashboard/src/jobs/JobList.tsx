import { isOver } from '@statusbeam/client';
import { type UserJobs, useJobs } from '@statusbeam/client/react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useCallback, useDeferredValue, useMemo, useRef } from 'react';
import { titleOf } from '../demo/complaintStore.ts';
import { agoText, jobName, percentText, shortened } from '../format.ts';
import { jobStateAt } from '../job/liveness.ts';
import { waitingTimes, waitsFor } from '../job/waitingText.ts';
import { type ShownState, STATE_LABELS } from '../labels.ts';
import { jobLink } from '../router.ts';
import type { Client, Job } from '../types.ts';
import { StateIcon } from '../ui/Badge.tsx';
import { Chips } from '../ui/Chips.tsx';
import { useDisconnectedSince, useNow } from '../ui/clock.ts';
import { Icon } from '../ui/Icon.tsx';
import { useSettled } from '../ui/useSettled.ts';
import { apiStatus, matching, nowDoing, STATES } from './jobFilter.ts';
import { useListKeys } from './listKeys.ts';
import { useListState } from './listState.ts';

const ROW_HEIGHT = 58;

interface Props {
  client: Client;
  /** All jobs of the user; it is watched anyway, for the connection. */
  everything: UserJobs;
  currentId: string | null;
  canStart: boolean;
  /** A key of the API lists no jobs. */
  canList: boolean;
  isOperator: boolean;
  isTenantOpen: boolean;
}

/** The user's jobs: filter, search, more; newest first and live. */
export function JobList({ client, everything, currentId, canStart, canList, isOperator, isTenantOpen }: Props) {
  const [{ filter, search }, change] = useListState();
  const field = useRef<HTMLInputElement>(null);
  const wanted = useDeferredValue(search);
  // A list of one state is read by itself: the newest of all may hold none of it.
  const overallStatus = apiStatus(filter);
  const narrowed = useJobs(overallStatus ? client : null, { overallStatus, oncePerFrame: true });
  const source = overallStatus ? narrowed : everything;
  // The server finds titles among all of the user's jobs; the rest is looked for in those that were read.
  const title = useSettled(search.trim());
  const found = useJobs(canList && title.length > 1 ? client : null, { overallStatus, search: title, oncePerFrame: true });
  const disconnectedSinceMs = useDisconnectedSince(everything.connection, everything.error !== null);
  const now = useNow();
  const stateOf = useCallback((job: Job) => jobStateAt(job, now, disconnectedSinceMs), [now, disconnectedSinceMs]);
  const jobs = useMemo(
    () => matching([everything.jobs, narrowed.jobs, found.jobs], filter, wanted, { stateOf, textOf: titleOf }),
    [everything.jobs, narrowed.jobs, found.jobs, filter, wanted, stateOf]
  );
  const toSearch = useCallback(() => field.current?.focus(), []);
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
      <div className="search">
        <Icon name="search" size={14} />
        <input
          ref={field}
          type="search"
          placeholder="Search jobs"
          aria-label="Search jobs"
          value={search}
          aria-keyshortcuts="/"
          onChange={(event) => change({ search: event.target.value })}
        />
      </div>
      <Chips label="State" choices={STATES} chosen={filter} onChoose={(next) => change({ filter: next })} />
      <Rows jobs={jobs} currentId={currentId} now={now} stateOf={stateOf} toSearch={toSearch} />
      {!canList && jobs.length === 0 && (
        <p className="muted small job-hint">This link lists no jobs. A job appears here with its next status.</p>
      )}
      {canList && jobs.length === 0 && !source.error && (
        <p className="muted small job-hint" id="jobs-hint">
          {source.isLoading
            ? 'Looking…'
            : wanted || filter !== 'all'
              ? 'None of the jobs read so far fits.'
              : 'None yet. A job appears here with its first status.'}
        </p>
      )}
      {canList && source.error && (
        <p className="notice small" role="alert" data-state="failed">
          <Icon name="alert" size={14} />
          <span>Your jobs cannot be listed. {source.error.message}</span>
        </p>
      )}
      {source.hasMore && (
        <button type="button" className="button" id="more-jobs" disabled={source.isLoading} onClick={source.loadMore}>
          Show more
        </button>
      )}
    </nav>
  );
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
        requestAnimationFrame(focus); // it is drawn only once it is in view
      }
    },
    [jobs, currentId, virtual]
  );
  useListKeys({ toSearch, move });
  return (
    <div className="job-rows" ref={frame}>
      <ul id="jobs" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const job = jobs[item.index] as Job;
          const state = stateOf(job);
          const { waiting } = job;
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
                waits={waiting && state === 'waiting' ? `${waitsFor(waiting)} ${waitingTimes(waiting, now)}` : null}
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
  /** What it waits for, and since when; null unless it waits. */
  waits: string | null;
  ago: string;
  isCurrent: boolean;
}

const Row = memo(function Row({ job, state, waits, ago, isCurrent }: RowProps) {
  const text = titleOf(job);
  const isOpen = !isOver(job);
  const doing = waits ?? (isOpen ? nowDoing(job) : null);
  return (
    <a className="job-link" href={jobLink(job.jobId)} data-state={state} aria-current={isCurrent ? 'page' : undefined}>
      <StateIcon state={state} size={15} />
      <bdi className="name truncate">{text ? shortened(text) : jobName(job.jobId)}</bdi>
      <span className="ago tabular">{ago}</span>
      <span className="more truncate">
        <span className="state-label">{STATE_LABELS[state]}</span>
        {job.run > 1 && <span> · run {job.run}</span>}
        {isOpen && job.progress !== null && <span className="tabular"> · {percentText(job.progress)}</span>}
        {doing && (
          <span>
            {' '}
            · <bdi>{doing}</bdi>
          </span>
        )}
      </span>
    </a>
  );
});
