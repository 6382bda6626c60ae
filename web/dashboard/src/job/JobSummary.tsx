import { type ReactNode, useContext } from 'react';
import { ConfigContext, logLinkOf } from '../config.ts';
import { tickingText, timeText } from '../format.ts';
import { isSilent, type ShownState, STATE_LABELS, sourceOf } from '../labels.ts';
import type { StatusUpdate } from '../types.ts';
import { CopyButton } from '../ui/CopyButton.tsx';
import { useMountedMs, useNow } from '../ui/clock.ts';
import { Icon, type IconName } from '../ui/Icon.tsx';
import { endOf, type Moment, useMomentMs } from './moment.ts';
import { waiterOf, waitingTimes, waitsFor } from './waitingText.ts';

/** How long a job may be without a status before the page asks whether its id is right. */
const UNHEARD_MS = 15_000;

interface Props {
  moment: Moment;
  state: ShownState;
  /** Why the job cannot be watched; null when it can. */
  problem: string | null;
}

/** The job's newest activity, its end, or why it is silent. */
export function JobSummary({ moment, state, problem }: Props) {
  const openedMs = useMountedMs(); // of the page, not of what it shows: a short problem starts no new silence
  if (problem !== null) {
    return <Summary label="Problem" icon="alert" message={problem} />;
  }
  if (isSilent(state)) {
    return <Silence moment={moment} state={state} />;
  }
  if (state === 'failed') {
    return <Failure moment={moment} />;
  }
  if (state === 'waiting') {
    return <Waits moment={moment} />;
  }
  if (state === 'cancelling' || state === 'cancelled') {
    return <Cancelled moment={moment} state={state} />;
  }
  if (state === 'expected') {
    return <NoStatus since={openedMs} />;
  }
  if (state === 'completed') {
    return <Summary label="Outcome" icon="check" message={endOf(moment)?.message || 'Completed.'} />;
  }
  return <Newest moment={moment} state={state} />;
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
        <p id="result-message" className="as-written" dir="auto">
          {message}
        </p>
        {children}
      </div>
    </section>
  );
}

/** The newest activity, of any reporter. */
function Newest({ moment, state }: { moment: Moment; state: ShownState }) {
  const newest = moment.updates.findLast(({ type, message }) => type !== 'heartbeat' && message !== '');
  return (
    <Summary
      label="Now"
      icon="pulse"
      message={newest?.message ?? (state === 'looking' ? 'Reading the log.' : 'No status has a message.')}
    >
      <p className="job-summary-more muted truncate">
        <bdi>{newest ? sourceOf(newest) : ' '}</bdi>
      </p>
    </Summary>
  );
}

/** A wait: its kind, the agent that waits, its beginning and its end. */
function Waits({ moment: { job } }: { moment: Moment }) {
  const now = useMomentMs(true);
  const { waiting } = job;
  if (waiting === null) {
    return <Summary label="Waiting" icon="clock" message="Waiting" />;
  }
  const waiter = waiterOf(waiting, job.agents);
  return (
    <Summary label="Waiting" icon="clock" message={waiting.prompt ?? waitsFor(waiting)}>
      <p className="job-summary-more" id="waiting">
        {waiter && (
          <>
            <bdi>{waiter}</bdi>
            {' · '}
          </>
        )}
        {waitsFor(waiting)} {waitingTimes(waiting, now)}
      </p>
    </Summary>
  );
}

/** A job with a request to cancel, or a cancelled one. */
function Cancelled({ moment, state }: { moment: Moment; state: 'cancelling' | 'cancelled' }) {
  const now = useMomentMs(false);
  const { cancelRequest } = moment.job;
  const isOver = state === 'cancelled';
  return (
    <Summary
      label={isOver ? 'Outcome' : 'Now'}
      icon="stop"
      message={isOver ? endOf(moment)?.message || 'Cancelled.' : 'Cancelling. The job ends once its work has stopped.'}
    >
      {cancelRequest && (
        <p className="job-summary-more" id="cancel-request">
          Requested {cancelRequest.by && <bdi>by {cancelRequest.by === moment.job.userId ? 'its owner' : cancelRequest.by} </bdi>}{' '}
          at {timeText(cancelRequest.at, now)}{' '}
          {cancelRequest.reason && (
            <>
              : “<bdi className="as-written">{cancelRequest.reason}</bdi>”
            </>
          )}
        </p>
      )}
    </Summary>
  );
}

/** A job without a status: after a while, shows since when, and asks whether the id is right. */
function NoStatus({ since }: { since: number }) {
  const now = useNow();
  const silence = now - since;
  if (silence < UNHEARD_MS) {
    return <Summary label="Now" icon="circle" message="No status yet. The first one appears here by itself." />;
  }
  return (
    <Summary label="Now" icon="question" message={`No status since ${timeText(new Date(since).toISOString(), now)}`}>
      <p className="job-summary-more">
        This page has watched for {tickingText(silence)}. Is the job's id right, and is the job yours? Once the job reports, its
        statuses appear here.
      </p>
    </Summary>
  );
}

type Silent = 'stale' | 'lost' | 'unknown';

const SILENCE: Record<Silent, { icon: IconName; what: (silence: string) => string; more: string }> = {
  stale: {
    icon: 'hourglass',
    what: (silence) => `Stale: no status for ${silence}`,
    more: 'The job may only be slow. This page shows its next status by itself.',
  },
  lost: {
    icon: 'unplugged',
    what: (silence) => `Lost: no status for ${silence}`,
    more: 'The process that ran this job has probably died. If it reports again, this page shows it.',
  },
  unknown: {
    icon: 'question',
    what: () => "No connection: the job's current state is unknown",
    more: 'This page keeps trying. Once it is connected, it reads the missed statuses.',
  },
};

const UNHEARD_ANSWER =
  'The question is answered, but the job has sent no status since. The answer may not have reached its work. Ask its operator.';

function Silence({ moment, state }: { moment: Moment; state: Silent }) {
  const now = useMomentMs(true);
  const last = moment.updates.at(-1);
  const lastUpdated = moment.job.lastUpdated;
  const { icon, what, more } = SILENCE[state];
  const isAnswered = last?.status === 'answered' && state !== 'unknown';
  return (
    <Summary label={STATE_LABELS[state]} icon={icon} message={what(tickingText(now - Date.parse(lastUpdated ?? '')))}>
      <p className="job-summary-more">{isAnswered ? UNHEARD_ANSWER : more}</p>
      {last && (
        <p className="job-summary-more">
          Last status at {timeText(lastUpdated, now)}: <bdi>{sourceOf(last)}</bdi>, “
          <bdi className="as-written">{last.message}</bdi>”
        </p>
      )}
    </Summary>
  );
}

function Failure({ moment }: { moment: Moment }) {
  const last = endOf(moment);
  const failed = moment.job.agents.filter(({ status }) => status === 'error');
  return (
    <Summary label="Outcome" icon="cross" message={last?.message || 'The job failed.'}>
      {failed.length > 0 && (
        <ul className="causes">
          {failed.slice(0, 5).map((agent) => (
            <li key={agent.invocationId}>
              <strong>
                <bdi>{agent.name}</bdi>
              </strong>{' '}
              <bdi className="as-written">{agent.activity}</bdi>
            </li>
          ))}
        </ul>
      )}
      <ErrorId updates={moment.updates} jobId={moment.job.jobId} />
    </Summary>
  );
}

function ErrorId({ updates, jobId }: { updates: readonly StatusUpdate[]; jobId: string }) {
  const { logLink } = useContext(ConfigContext);
  const errorId = updates.findLast(({ metadata }) => typeof metadata?.errorId === 'string')?.metadata?.errorId;
  if (typeof errorId !== 'string') {
    return null;
  }
  const link = logLinkOf(logLink, { errorId, jobId });
  return (
    <p className="job-summary-more error-id" id="error-id">
      Error id <code>{errorId}</code>
      <CopyButton text={errorId} label="Copy the error id" />
      {link === null ? (
        <span>The process's logs have the details under it.</span>
      ) : (
        <a href={link} target="_blank" rel="noreferrer">
          Search the logs for it
        </a>
      )}
    </p>
  );
}
