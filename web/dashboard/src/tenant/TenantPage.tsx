import { useTenant } from '@statusbeam/client/react';
import { useDeferredValue, useMemo, useState } from 'react';
import { agoText, jobName, plural, shortened } from '../format.ts';
import { jobStateAt } from '../job/liveness.ts';
import { isWanted, STATES, type StateFilter } from '../jobs/jobFilter.ts';
import { sourceOf, statusLabel } from '../labels.ts';
import { DetailPanel } from '../log/DetailPanel.tsx';
import { jobLink } from '../router.ts';
import type { Client, StatusUpdate } from '../types.ts';
import { Badge } from '../ui/Badge.tsx';
import { Chips } from '../ui/Chips.tsx';
import { useDisconnectedSince, useNow } from '../ui/clock.ts';
import { Icon } from '../ui/Icon.tsx';
import { countsOf, fits, type ShownJob, shownJob, sumsOf } from './tenantFilter.ts';
import { type TenantToday, useTenantToday } from './useTenantToday.ts';

const SHOWN = 100;
const RECENT = 12;

interface Props {
  client: Client;
  tenantId: string;
}

/** The operator's view: every job of the tenant, as it reports. */
export function TenantPage({ client, tenantId }: Props) {
  const { jobs, recent, connection, error } = useTenant(client, { oncePerFrame: true });
  const [filter, setFilter] = useState<StateFilter>('all');
  const [search, setSearch] = useState('');
  const wanted = useDeferredValue(search.toLowerCase().trim());
  const [openId, setOpenId] = useState<string | null>(null);
  const now = useNow(true);
  const disconnectedSinceMs = useDisconnectedSince(connection);
  const known = useMemo(() => jobs.map((job) => shownJob(job, now, disconnectedSinceMs)), [jobs, now, disconnectedSinceMs]);
  const sums = sumsOf(known);
  const news = useMemo(() => JSON.stringify(jobs.map(({ jobId, overallStatus }) => [jobId, overallStatus]).sort()), [jobs]);
  const today = useTenantToday(client, news);
  const listed = useMemo(() => new Map(today.jobs.map((job) => [job.jobId, job])), [today.jobs]);
  const shown = known.filter((each) => fits(each, filter, wanted));
  return (
    <article className="tenant" aria-labelledby="tenant-title">
      <header>
        <a className="back" href="#home">
          <Icon name="left" size={14} /> Jobs
        </a>
        <h1 id="tenant-title" tabIndex={-1}>
          Tenant {tenantId}
        </h1>
        <p className="muted">Numbers of today's jobs, since midnight; below, each job as it reports.</p>
      </header>
      {error && (
        <p className="notice" role="alert" data-state="failed">
          <Icon name="alert" />
          <span>The tenant cannot be watched. {error.message}</span>
        </p>
      )}
      <dl className="panel tenant-sums">
        {(
          [
            ...(today.counts === null ? [] : countsOf(today.counts)),
            ['Waiting now', sums.waiting],
            ['Silent now', sums.silent],
            ['Users now', sums.users],
          ] as const
        ).map(([name, count]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="tabular">{count}</dd>
          </div>
        ))}
      </dl>
      <div className="tenant-tools">
        <div className="search">
          <Icon name="search" size={14} />
          <input
            type="search"
            placeholder="Job, user, agent or message"
            aria-label="Search the tenant's jobs"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
        </div>
        <Chips label="State" choices={STATES} chosen={filter} onChoose={setFilter} />
      </div>
      {shown.length === 0 ? (
        <div className="panel empty">
          <Icon name="pulse" size={28} />
          <h2>{jobs.length === 0 ? (connection === 'live' ? 'Listening' : 'Connecting') : 'None fits'}</h2>
          <p>{jobs.length === 0 ? 'A job appears here with its next status.' : 'Try another state or search.'}</p>
        </div>
      ) : (
        <ul className="panel tenant-jobs" id="tenant-jobs">
          {shown.slice(0, SHOWN).map((each) => (
            <TenantRow
              key={each.job.jobId}
              shown={each}
              title={listed.get(each.job.jobId)?.title ?? null}
              recent={recent}
              now={now}
              isOpen={openId === each.job.jobId}
              onToggle={() => setOpenId(openId === each.job.jobId ? null : each.job.jobId)}
            />
          ))}
        </ul>
      )}
      {shown.length > SHOWN && (
        <p className="muted small">{plural(shown.length - SHOWN, 'older job')} not shown. Search to find them.</p>
      )}
      <Earlier
        today={today}
        reporting={new Set(jobs.map(({ jobId }) => jobId))}
        filter={filter}
        search={wanted}
        now={now}
        disconnectedSinceMs={disconnectedSinceMs}
      />
    </article>
  );
}

interface EarlierProps {
  today: TenantToday;
  /** The jobs that are shown above, as they report. */
  reporting: ReadonlySet<string>;
  filter: StateFilter;
  search: string;
  now: number;
  disconnectedSinceMs: number | null;
}

/** The jobs of the store that have not reported since this page was opened. */
function Earlier({ today: { jobs, loadMore, problem }, reporting, filter, search, now, disconnectedSinceMs }: EarlierProps) {
  const shown = jobs
    .filter(({ jobId }) => !reporting.has(jobId))
    .map((job) => ({ job, state: jobStateAt(job, now, disconnectedSinceMs) }))
    .filter(
      ({ job, state }) =>
        isWanted(filter, state) && `${job.jobId} ${job.userId} ${job.title} ${job.workflow}`.toLowerCase().includes(search)
    );
  if (shown.length === 0 && loadMore === null && problem === null) {
    return null;
  }
  return (
    <section aria-labelledby="earlier-title">
      <h2 id="earlier-title">Earlier</h2>
      {problem !== null && (
        <p className="notice" role="alert" data-state="failed">
          <Icon name="alert" />
          <span>The tenant's jobs cannot be read. {problem}</span>
        </p>
      )}
      <ul className="panel tenant-earlier" id="tenant-earlier">
        {shown.map(({ job, state }) => (
          <li key={job.jobId}>
            <Badge state={state} />
            <a className="truncate" href={jobLink(job.jobId)}>
              <bdi>{job.title ? shortened(job.title) : jobName(job.jobId)}</bdi>
            </a>
            <span className="muted truncate">{[job.workflow, `user ${job.userId}`].filter(Boolean).join(' · ')}</span>
            <span className="muted tabular">{agoText(now - Date.parse(job.createdAt ?? ''))}</span>
          </li>
        ))}
      </ul>
      {loadMore !== null && (
        <button type="button" className="button" onClick={loadMore}>
          Show more
        </button>
      )}
    </section>
  );
}

interface RowProps {
  shown: ShownJob;
  title: string | null;
  recent: readonly StatusUpdate[];
  now: number;
  isOpen: boolean;
  onToggle: () => void;
}

function TenantRow({ shown: { job, state }, title, recent, now, isOpen, onToggle }: RowProps) {
  return (
    <li className="tenant-job" data-state={state}>
      <button type="button" className="tenant-job-head" aria-expanded={isOpen} onClick={onToggle}>
        <Badge state={state} />
        <span className="tenant-job-name">
          <strong>{title ? shortened(title) : jobName(job.jobId)}</strong>
          <span className="muted truncate">user {job.userId}</span>
        </span>
        <span className="tenant-job-news">
          <span className="truncate">
            <strong>{sourceOf(job.last)}</strong> <bdi>{job.last.message}</bdi>
          </span>
          <span className="muted tabular">
            status {job.sequence} · {agoText(now - Date.parse(job.last.timestamp))}
          </span>
        </span>
        <Icon name="down" size={14} />
      </button>
      {isOpen && (
        <div className="tenant-more">
          <a className="button" href={jobLink(job.jobId)}>
            Open the job <Icon name="right" size={13} />
          </a>
          <ol className="tenant-recent">
            {recent
              .filter(({ jobId }) => jobId === job.jobId)
              .slice(0, RECENT)
              .reverse()
              .map((update) => (
                <Recent key={update.sequence} update={update} />
              ))}
          </ol>
        </div>
      )}
    </li>
  );
}

function Recent({ update }: { update: StatusUpdate }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <li>
      <button type="button" className="sequence" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <span className="sr-only">Details of status </span>
        {update.sequence}
        <Icon name="down" size={11} />
      </button>
      <strong>{sourceOf(update)}</strong>
      <span className="muted">{statusLabel(update.status)}</span>
      <span className="message as-written" dir="auto">
        {update.message}
      </span>
      {isOpen && (
        <div className="tenant-detail">
          {update.metadata && <pre>{JSON.stringify(update.metadata, null, 2)}</pre>}
          <DetailPanel update={update} />
        </div>
      )}
    </li>
  );
}
