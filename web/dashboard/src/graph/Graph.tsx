import { isOver } from '@statusbeam/client';
import { memo, useCallback, useMemo, useState } from 'react';
import { plural } from '../format.ts';
import { type Moment, useMomentMs } from '../job/moment.ts';
import { groupOf, STATE_LABELS } from '../labels.ts';
import { StateIcon } from '../ui/Badge.tsx';
import { Icon } from '../ui/Icon.tsx';
import { ScrollRegion } from '../ui/ScrollRegion.tsx';
import { NODE_HEIGHT, NODE_WIDTH, place } from './place.ts';
import { edgeKey, type Plan, type PlanNode, planOf } from './plan.ts';

interface Props {
  moment: Moment;
  chosen: string | null;
  onChoose: (invocationId: string | null) => void;
}

/** The plan as a graph of the agents' dependencies, at the shown moment. */
export const Graph = memo(function Graph({ moment, chosen, onChoose }: Props) {
  const { job, disconnectedSinceMs } = moment;
  const nowMs = useMomentMs(!isOver(job));
  const [expanded, setExpanded] = useState<ReadonlySet<string>>(new Set());
  const plan = useMemo(() => planOf(job, { nowMs, disconnectedSinceMs, expanded }), [job, nowMs, disconnectedSinceMs, expanded]);
  const placed = usePlaces(plan);
  const toggle = useCallback((id: string) => setExpanded((before) => toggled(before, id)), []);
  const critical = plan.nodes.filter(({ isCritical }) => isCritical);
  return (
    <section className="panel graph" aria-labelledby="graph-title">
      <div className="panel-head">
        <h2 id="graph-title">Plan</h2>
        <p className="muted graph-sum">
          {plural(plan.nodes.length, 'step')}
          {critical.length > 1 && (
            <>
              {' · '}
              <span className="critical-key" aria-hidden="true" /> longest way, {plural(critical.length, 'step')}
            </>
          )}
        </p>
      </div>
      <ScrollRegion className="graph-frame" label="Plan, scrollable">
        <div className="graph-canvas" style={{ width: placed.width, height: placed.height }}>
          <svg width={placed.width} height={placed.height} aria-hidden="true">
            {plan.edges.map((edge) => (
              <path
                key={edgeKey(edge)}
                d={placed.paths.get(edgeKey(edge))}
                className="graph-edge"
                data-kind={edge.kind}
                data-critical={edge.isCritical || undefined}
              />
            ))}
          </svg>
          <ol id="graph">
            {plan.nodes.map((node) => {
              const { x, y } = placed.at.get(node.id) ?? { x: 0, y: 0 };
              return (
                <li key={node.id} style={{ left: x, top: y, width: NODE_WIDTH, height: NODE_HEIGHT }}>
                  <Node
                    node={node}
                    isChosen={node.hidden === 0 && chosen === node.id}
                    onPress={() => (node.hidden > 0 ? toggle(node.id) : onChoose(chosen === node.id ? null : node.id))}
                  />
                </li>
              );
            })}
          </ol>
        </div>
      </ScrollRegion>
    </section>
  );
});

function toggled(before: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const after = new Set(before);
  if (!after.delete(id)) {
    after.add(id);
  }
  return after;
}

/** The layout depends only on the shape of the plan, so nodes stay in place while states change. */
function usePlaces(plan: Plan) {
  const shape = JSON.stringify([plan.nodes.map(({ id }) => id), plan.edges.map(edgeKey)]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the shape is all of the plan that counts
  return useMemo(() => place(plan), [shape]);
}

function Node({ node, isChosen, onPress }: { node: PlanNode; isChosen: boolean; onPress: () => void }) {
  const isGroup = node.hidden > 0;
  const state = node.state === 'ready' ? 'pending' : node.state;
  return (
    <button
      type="button"
      className="graph-node"
      data-state={state}
      data-ready={node.state === 'ready' || undefined}
      data-critical={node.isCritical || undefined}
      {...(isGroup ? { 'aria-expanded': node.isExpanded } : { 'aria-pressed': isChosen })}
      onClick={onPress}
      title={node.name}
    >
      <StateIcon state={state} size={13} />
      <bdi className="graph-name truncate">{node.name}</bdi>
      <span className="graph-more truncate">{isGroup && !node.isExpanded ? countsOf(node) : whatOf(node)}</span>
      {isGroup && <Icon name={node.isExpanded ? 'minus' : 'plus'} size={12} />}
    </button>
  );
}

function whatOf({ state, waitsFor, agents }: PlanNode): string {
  if (state === 'ready') {
    return 'Ready';
  }
  if (state === 'pending') {
    return `Waits for ${waitsFor.join(', ')}`;
  }
  const progress = agents.length === 1 && state === 'in-progress' ? agents[0]?.progress : null;
  return progress == null ? STATE_LABELS[state] : `${STATE_LABELS[state]}, ${Math.floor(progress)} %`;
}

/** The states of grouped agents: "12 agents: 3 running, 9 completed". */
function countsOf({ agents, state }: PlanNode): string {
  const count = (status: string) => agents.filter((agent) => agent.status === status).length;
  const parts = [
    [count('error'), 'failed'],
    [count('in-progress'), groupOf(state === 'ready' ? 'pending' : state) === 'silent' ? 'silent' : 'running'],
    [count('success'), 'completed'],
    [count('pending'), 'pending'],
  ] as const;
  const labels = parts.filter(([number]) => number > 0).map(([number, name]) => `${number} ${name}`);
  return labels.length === 1 && agents.length > 1 ? `all ${labels[0]}` : labels.join(', ');
}
