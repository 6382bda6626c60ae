import { isOver } from '@statusbeam/client';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, type ReactNode, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { type Moment, useMomentMs } from '../job/moment.ts';
import { Chips } from '../ui/Chips.tsx';
import { ScrollRegion } from '../ui/ScrollRegion.tsx';
import { AgentCard } from './AgentCard.tsx';
import { type AgentFilter, countOf, FILTERS, isOfFilter, type Shown, shownAgents } from './agentFilter.ts';

const ALL_AT_ONCE = 24; // further cards are rendered when they come into view
const CARD_WIDTH = 248;
const GAP = 12;

interface Props {
  moment: Moment;
  chosen: string | null;
  onChoose: (invocationId: string | null) => void;
}

/** All agents of a job as cards. */
export const AgentCards = memo(function AgentCards({ moment, chosen, onChoose }: Props) {
  const [filter, setFilter] = useState<AgentFilter>('all');
  const { job, history, disconnectedSinceMs } = moment;
  const now = useMomentMs(!isOver(job));
  const agents = useMemo(() => shownAgents(job, now, disconnectedSinceMs), [job, now, disconnectedSinceMs]);
  const choices = FILTERS.map((each) => ({ ...each, count: countOf(agents, each.key) }));
  const filtered = agents.filter((each) => isOfFilter(filter, each));
  const names = useMemo(() => new Map(job.agents.map(({ invocationId, name }) => [invocationId, name])), [job.agents]);
  const choose = useRef((id: string) => onChoose(id));
  choose.current = (id) => onChoose(id === chosen ? null : id);
  const stableChoose = useRef((id: string) => choose.current(id)).current;
  const card = ({ agent, state }: Shown) => (
    <AgentCard
      key={agent.invocationId}
      agent={agent}
      invocation={history.invocations.get(agent.invocationId)}
      state={state}
      parentName={names.get(agent.parentInvocationId ?? '') ?? null}
      isChosen={chosen === agent.invocationId}
      onChoose={stableChoose}
    />
  );
  return (
    <section className="panel agents-panel" aria-labelledby="agents-title">
      <div className="panel-head">
        <h2 id="agents-title">Agents</h2>
        {agents.length > 6 ? (
          <Chips
            label="Show agents"
            choices={choices.filter(({ key, count }) => count > 0 || key === 'all' || key === filter)}
            chosen={filter}
            onChoose={setFilter}
          />
        ) : (
          <p className="muted tabular">{agents.length || ''}</p>
        )}
      </div>
      {agents.length === 0 && <p className="empty">No agent has reported yet.</p>}
      {agents.length > 0 && filtered.length === 0 && <p className="empty">None at the moment.</p>}
      {filtered.length > ALL_AT_ONCE ? (
        <CardWindow agents={filtered} card={card} />
      ) : (
        <ul className="agents" id="agents">
          {filtered.map((each) => (
            <li key={each.agent.invocationId}>{card(each)}</li>
          ))}
        </ul>
      )}
    </section>
  );
});

/** Rows of cards. Only rows in view are rendered. */
function CardWindow({ agents, card }: { agents: Shown[]; card: (agent: Shown) => ReactNode }) {
  const frame = useRef<HTMLElement>(null);
  const [columns, setColumns] = useState(1);
  useLayoutEffect(() => {
    const element = frame.current as HTMLElement;
    const measure = () => setColumns(Math.max(1, Math.floor((element.clientWidth - GAP) / (CARD_WIDTH + GAP))));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const virtual = useVirtualizer({
    count: Math.ceil(agents.length / columns),
    getScrollElement: () => frame.current,
    estimateSize: () => 128,
    gap: GAP,
    overscan: 2,
    paddingStart: 16,
    paddingEnd: 16,
  });
  return (
    <ScrollRegion className="agents-window" ref={frame} label="Agents, scrollable">
      <ul id="agents" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((row) => (
          <li
            key={row.key}
            data-index={row.index}
            ref={virtual.measureElement}
            className="card-row"
            style={{ transform: `translateY(${row.start}px)` }}
          >
            {agents.slice(row.index * columns, (row.index + 1) * columns).map((each) => (
              <div
                key={each.agent.invocationId}
                style={{ flex: `0 1 calc(${100 / columns}% - ${(GAP * (columns - 1)) / columns}px)` }}
              >
                {card(each)}
              </div>
            ))}
          </li>
        ))}
      </ul>
    </ScrollRegion>
  );
}
