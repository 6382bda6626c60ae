import { memo } from 'react';
import { countText, percentText } from '../format.ts';
import type { Invocation } from '../job/history.ts';
import { useMomentMs } from '../job/moment.ts';
import { waitingTimes, waitsFor } from '../job/waitingText.ts';
import type { ShownState } from '../labels.ts';
import type { AgentState } from '../types.ts';
import { Badge } from '../ui/Badge.tsx';
import { Bar } from '../ui/Bar.tsx';
import { Elapsed } from '../ui/Elapsed.tsx';
import { Icon } from '../ui/Icon.tsx';

const SHOWN_TOOLS = 3;
const NO_ACTIVITY: Partial<Record<ShownState, string>> = {
  pending: 'Waiting for its turn',
  cancelled: 'Cancelled',
  unfinished: 'Its job ended first',
  success: 'Completed',
  error: 'Failed',
};

interface Props {
  agent: AgentState;
  invocation: Invocation | undefined;
  state: ShownState;
  parentName: string | null;
  isChosen: boolean;
  onChoose: (invocationId: string) => void;
}

/** One agent: its activity, its progress, and its tool calls with their reasons. */
export const AgentCard = memo(function AgentCard({ agent, invocation, state, parentName, isChosen, onChoose }: Props) {
  const now = useMomentMs(false);
  const isRunning = agent.status === 'in-progress' && state !== 'unfinished';
  return (
    <article className="agent" data-state={state} data-chosen={isChosen || undefined}>
      <header>
        <h3 dir="auto">{agent.name}</h3>
        <Badge state={state} />
      </header>
      <p className="activity as-written" dir="auto">
        {agent.waiting?.prompt || agent.activity || NO_ACTIVITY[state] || 'Running'}
      </p>
      {agent.waiting && (
        <p className="agent-waiting muted">
          {waitsFor(agent.waiting)} {waitingTimes(agent.waiting, now)}
        </p>
      )}
      {isRunning && agent.progress !== null && <Bar value={agent.progress} label={`Progress of ${agent.name}`} />}
      <Tools invocation={invocation} attempt={agent.attempt} />
      <footer>
        {isRunning || agent.completedAt !== null || agent.duration !== null ? (
          <Elapsed
            from={agent.startedAt}
            to={isRunning ? null : agent.completedAt}
            exactMs={agent.duration === null ? null : agent.duration * 1000}
          />
        ) : null}
        {isRunning && agent.progress !== null && <span className="tabular">{percentText(agent.progress)}</span>}
        {agent.attempt > 1 && (
          <span className="attempt">
            <Icon name="retry" size={12} /> Attempt {agent.attempt}
          </span>
        )}
        {agent.tokenUsage && (
          <span className="tabular" title={`${agent.tokenUsage.inputTokens} in, ${agent.tokenUsage.outputTokens} out`}>
            {countText(agent.tokenUsage.totalTokens)} tokens
          </span>
        )}
        {parentName && (
          <span>
            for <bdi>{parentName}</bdi>
          </span>
        )}
        {agent.dependsOn && agent.status === 'pending' && <span>after {agent.dependsOn.join(', ')}</span>}
        <button type="button" className="show-log" aria-pressed={isChosen} onClick={() => onChoose(agent.invocationId)}>
          Log<span className="sr-only"> of {agent.name}</span>
        </button>
      </footer>
    </article>
  );
});

function Tools({ invocation, attempt }: { invocation: Invocation | undefined; attempt: number }) {
  const tools = invocation?.tools.filter((tool) => tool.attempt === attempt) ?? [];
  if (tools.length === 0) {
    return null;
  }
  const more = tools.length - SHOWN_TOOLS;
  return (
    <ul className="tools">
      {more > 0 && <li className="muted">{more} earlier</li>}
      {tools.slice(-SHOWN_TOOLS).map((tool) => (
        <li key={tool.startSequence} data-failed={tool.outcome === 'error' || undefined}>
          <Icon name={tool.outcome === 'error' ? 'cross' : 'tool'} size={13} />
          <span>
            <code>{tool.name}</code> <bdi className="reason as-written">{tool.reason}</bdi>
          </span>
        </li>
      ))}
    </ul>
  );
}
