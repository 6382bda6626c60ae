import { useState } from 'react';
import { titleOf } from '../demo/complaintStore.ts';
import { agoText, jobName, plural, shortened } from '../format.ts';
import { durationOf } from '../jobs/jobFilter.ts';
import { sourceOf, statusLabel } from '../labels.ts';
import { DetailPanel } from '../log/DetailPanel.tsx';
import { jobLink } from '../router.ts';
import type { StatusUpdate } from '../types.ts';
import { Badge } from '../ui/Badge.tsx';
import { Icon } from '../ui/Icon.tsx';
import type { ShownJob } from './tenantFilter.ts';

const SHOWN = 100;
const RECENT = 12;

interface Props {
  shown: readonly ShownJob[];
  /** Whether any job has reported, shown or not. */
  isAny: boolean;
  recent: readonly StatusUpdate[];
  now: number;
  isLive: boolean;
}

/** The jobs that have reported since the page was opened, the one with the newest status first. */
export function ReportingJobs({ shown, isAny, recent, now, isLive }: Props) {
  const [openId, setOpenId] = useState<string | null>(null);
  if (shown.length === 0) {
    return (
      <div className="panel empty">
        <Icon name="pulse" size={28} />
        <h2>{isAny ? 'None fits' : isLive ? 'Listening' : 'Connecting'}</h2>
        <p>{isAny ? 'No job that reports now fits the filters.' : 'A job appears here with its next status.'}</p>
      </div>
    );
  }
  return (
    <>
      <ul className="panel tenant-jobs" id="tenant-jobs">
        {shown.slice(0, SHOWN).map((each) => (
          <TenantRow
            key={each.job.jobId}
            shown={each}
            recent={recent}
            now={now}
            isOpen={openId === each.job.jobId}
            onToggle={() => setOpenId(openId === each.job.jobId ? null : each.job.jobId)}
          />
        ))}
      </ul>
      {shown.length > SHOWN && (
        <p className="muted small">{plural(shown.length - SHOWN, 'older job')} not shown. Search to find them.</p>
      )}
    </>
  );
}

interface RowProps {
  shown: ShownJob;
  recent: readonly StatusUpdate[];
  now: number;
  isOpen: boolean;
  onToggle: () => void;
}

function TenantRow({ shown: { job, known, state }, recent, now, isOpen, onToggle }: RowProps) {
  const title = known && titleOf(known);
  const facts = [known?.workflow, known && durationOf(known, state, now), `user ${job.userId}`];
  return (
    <li className="tenant-job" data-state={state}>
      <button type="button" className="tenant-job-head" aria-expanded={isOpen} onClick={onToggle}>
        <Badge state={state} />
        <span className="tenant-job-name">
          <strong>{title ? shortened(title) : jobName(job.jobId)}</strong>
          <span className="muted truncate">{facts.filter(Boolean).join(' · ')}</span>
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
