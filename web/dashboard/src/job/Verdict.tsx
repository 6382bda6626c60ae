import { tickingText, timeText } from '../format.ts';
import type { StatusUpdate } from '../types.ts';
import { Icon } from '../ui/Icon.tsx';
import type { ShownState } from '../words.ts';
import { sourceOf } from '../words.ts';
import { type Moment, useMomentMs } from './moment.ts';

/** What the job says of itself right now, or what its silence says, or how it ended. */
export function Verdict({ moment, state }: { moment: Moment; state: ShownState }) {
  if (state === 'stale' || state === 'lost') {
    return <Silence moment={moment} state={state} />;
  }
  if (state === 'failed') {
    return <Failure moment={moment} />;
  }
  const last = lastWord(moment.updates);
  return (
    <section className="verdict" data-state={state} aria-label={state === 'completed' ? 'Result' : 'Now'} id="result">
      <Icon name={state === 'completed' ? 'check' : 'pulse'} size={18} />
      <p id="result-message" dir="auto">
        {last?.message ??
          (state === 'looking' ? 'Reading the log.' : state === 'waiting' ? 'Waiting for the first status.' : 'Working on it.')}
      </p>
    </section>
  );
}

function Silence({ moment, state }: { moment: Moment; state: 'stale' | 'lost' }) {
  const now = useMomentMs(true);
  const last = moment.updates.at(-1);
  const heard = moment.job.lastUpdated;
  const silence = tickingText(now - Date.parse(heard ?? ''));
  return (
    <section className="verdict silence" data-state={state} aria-label="No sign of life" id="result">
      <Icon name={state === 'stale' ? 'hourglass' : 'unplugged'} size={18} />
      <div>
        <p id="result-message">{state === 'stale' ? `No sign of life for ${silence}` : `Lost: silent for ${silence}`}</p>
        <p className="verdict-more">
          {state === 'stale'
            ? 'It may only be slow. This page keeps listening.'
            : 'Whatever ran this job has probably died. Should it report again, it goes on here.'}
        </p>
        {last && (
          <p className="verdict-more">
            Last heard at {timeText(heard, now)}: {sourceOf(last)}, “{last.message}”
          </p>
        )}
      </div>
    </section>
  );
}

function Failure({ moment }: { moment: Moment }) {
  const last = moment.updates.findLast(({ type }) => type === 'error');
  const failed = moment.job.agents.filter(({ status }) => status === 'error');
  return (
    <section className="verdict" data-state="failed" aria-label="Result" id="result">
      <Icon name="cross" size={18} />
      <div>
        <p id="result-message" dir="auto">
          {last?.message || 'The job failed.'}
        </p>
        {failed.length > 0 && (
          <ul className="causes">
            {failed.slice(0, 5).map((agent) => (
              <li key={agent.invocationId}>
                <strong>{agent.name}</strong> {agent.activity}
              </li>
            ))}
          </ul>
        )}
        <ErrorId updates={moment.updates} />
      </div>
    </section>
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
