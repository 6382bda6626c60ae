import type { ReactNode } from 'react';
import { tickingText, timeText } from '../format.ts';
import type { StatusUpdate } from '../types.ts';
import { Icon, type IconName } from '../ui/Icon.tsx';
import { isSilent, type ShownState, sourceOf } from '../words.ts';
import { type Moment, useMomentMs } from './moment.ts';

const NOTHING_YET: Partial<Record<ShownState, string>> = {
  looking: 'Reading the log.',
  waiting: 'Waiting for the first status. It appears here by itself.',
};

/** What the job says of itself right now, or what its silence says, or how it ended. */
export function Verdict({ moment, state }: { moment: Moment; state: ShownState }) {
  if (isSilent(state)) {
    return <Silence moment={moment} state={state} />;
  }
  if (state === 'failed') {
    return <Failure moment={moment} />;
  }
  const isDone = state === 'completed';
  return (
    <Said
      label={isDone ? 'Result' : 'Now'}
      icon={isDone ? 'check' : 'pulse'}
      message={lastWord(moment.updates)?.message ?? NOTHING_YET[state] ?? 'Working on it.'}
    />
  );
}

interface SaidProps {
  label: string;
  icon: IconName;
  message: string;
  children?: ReactNode;
}

function Said({ label, icon, message, children }: SaidProps) {
  return (
    <section className="verdict" aria-label={label} id="result">
      <span className="verdict-sign">
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
    more: 'It may only be slow. This page keeps listening.',
  },
  lost: {
    icon: 'unplugged',
    what: (silence) => `Lost: silent for ${silence}`,
    more: 'Whatever ran this job has probably died. Should it report again, it goes on here.',
  },
  unknown: {
    icon: 'question',
    what: () => 'No connection: what the job does now is not known',
    more: 'This page keeps trying. Whatever happened meanwhile will be here then.',
  },
};

function Silence({ moment, state }: { moment: Moment; state: Silent }) {
  const now = useMomentMs(true);
  const last = moment.updates.at(-1);
  const heard = moment.job.lastUpdated;
  const { icon, what, more } = SILENCE[state];
  return (
    <Said label="No sign of life" icon={icon} message={what(tickingText(now - Date.parse(heard ?? '')))}>
      <p className="verdict-more">{more}</p>
      {last && (
        <p className="verdict-more">
          Last heard at {timeText(heard, now)}: <bdi>{sourceOf(last)}</bdi>, “<bdi>{last.message}</bdi>”
        </p>
      )}
    </Said>
  );
}

function Failure({ moment }: { moment: Moment }) {
  const last = moment.updates.findLast(({ type }) => type === 'error');
  const failed = moment.job.agents.filter(({ status }) => status === 'error');
  return (
    <Said label="Result" icon="cross" message={last?.message || 'The job failed.'}>
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
    </Said>
  );
}

function ErrorId({ updates }: { updates: readonly StatusUpdate[] }) {
  const id = updates.findLast(({ metadata }) => typeof metadata?.errorId === 'string')?.metadata?.errorId;
  return id ? (
    <p className="verdict-more">
      Error id <code>{String(id)}</code>: the details are in the log of the service under it.
    </p>
  ) : null;
}

const lastWord = (updates: readonly StatusUpdate[]): StatusUpdate | undefined =>
  updates.findLast((update) => !update.agentName && update.type !== 'heartbeat' && update.message !== '') ?? updates.at(-1);
