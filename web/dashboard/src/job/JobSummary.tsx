import type { ReactNode } from 'react';
import { tickingText, timeText } from '../format.ts';
import { isSilent, type ShownState, sourceOf } from '../labels.ts';
import type { StatusUpdate } from '../types.ts';
import { Icon, type IconName } from '../ui/Icon.tsx';
import { type Moment, useMomentMs } from './moment.ts';

const NOTHING_YET: Partial<Record<ShownState, string>> = {
  looking: 'Reading the log.',
  expected: 'Waiting for the first status. It appears here by itself.',
};

/** The job's newest message, or how it ended, or what its silence means. */
export function JobSummary({ moment, state }: { moment: Moment; state: ShownState }) {
  if (isSilent(state)) {
    return <Silence moment={moment} state={state} />;
  }
  if (state === 'failed') {
    return <Failure moment={moment} />;
  }
  const isCompleted = state === 'completed';
  return (
    <Summary
      label={isCompleted ? 'Result' : 'Now'}
      icon={isCompleted ? 'check' : 'pulse'}
      message={newestStatus(moment.updates)?.message ?? NOTHING_YET[state] ?? 'Running.'}
    />
  );
}

interface SummaryProps {
  label: string;
  icon: IconName;
  message: string;
  children?: ReactNode;
}

function Summary({ label, icon, message, children }: SummaryProps) {
  return (
    <section className="job-summary" aria-label={label} id="result">
      <span className="job-summary-icon">
        <Icon name={icon} size={18} />
      </span>
      <div>
        <p id="result-message" dir="auto">
          {message}
        </p>
        {children}
      </div>
    </section>
  );
}

type Silent = 'stale' | 'lost' | 'unknown';

const SILENCE: Record<Silent, { icon: IconName; what: (silence: string) => string; more: string }> = {
  stale: {
    icon: 'hourglass',
    what: (silence) => `No sign of life for ${silence}`,
    more: 'It may only be slow. This page shows its next status by itself.',
  },
  lost: {
    icon: 'unplugged',
    what: (silence) => `Lost: silent for ${silence}`,
    more: 'The process that ran this job has probably died. If it reports again, this page shows it.',
  },
  unknown: {
    icon: 'question',
    what: () => 'No connection: what the job does now is not known',
    more: 'This page keeps trying. Once it is connected, it reads what happened in the meantime.',
  },
};

function Silence({ moment, state }: { moment: Moment; state: Silent }) {
  const now = useMomentMs(true);
  const last = moment.updates.at(-1);
  const lastUpdated = moment.job.lastUpdated;
  const { icon, what, more } = SILENCE[state];
  return (
    <Summary label="No sign of life" icon={icon} message={what(tickingText(now - Date.parse(lastUpdated ?? '')))}>
      <p className="job-summary-more">{more}</p>
      {last && (
        <p className="job-summary-more">
          Last status at {timeText(lastUpdated, now)}: <bdi>{sourceOf(last)}</bdi>, “<bdi>{last.message}</bdi>”
        </p>
      )}
    </Summary>
  );
}

function Failure({ moment }: { moment: Moment }) {
  const last = moment.updates.findLast(({ type }) => type === 'error');
  const failed = moment.job.agents.filter(({ status }) => status === 'error');
  return (
    <Summary label="Result" icon="cross" message={last?.message || 'The job failed.'}>
      {failed.length > 0 && (
        <ul className="causes">
          {failed.slice(0, 5).map((agent) => (
            <li key={agent.invocationId}>
              <strong>
                <bdi>{agent.name}</bdi>
              </strong>{' '}
              <bdi>{agent.activity}</bdi>
            </li>
          ))}
        </ul>
      )}
      <ErrorId updates={moment.updates} />
    </Summary>
  );
}

function ErrorId({ updates }: { updates: readonly StatusUpdate[] }) {
  const id = updates.findLast(({ metadata }) => typeof metadata?.errorId === 'string')?.metadata?.errorId;
  return id ? (
    <p className="job-summary-more">
      Error id <code>{String(id)}</code>: the process's logs have the details under it.
    </p>
  ) : null;
}

const newestStatus = (updates: readonly StatusUpdate[]): StatusUpdate | undefined =>
  updates.findLast((update) => !update.agentName && update.type !== 'heartbeat' && update.message !== '') ?? updates.at(-1);
