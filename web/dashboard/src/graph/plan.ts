// The plan of a job as a graph: dependencies, callers, and the longest path through it. Pure.

import { agentStateAt } from '../job/liveness.ts';
import type { ShownState } from '../labels.ts';
import type { AgentState, Job } from '../types.ts';

/** `ready`: all its dependencies are done. */
export type NodeState = ShownState | 'ready';

export interface PlanNode {
  readonly id: string;
  /** One agent, or the grouped agents. */
  readonly agents: readonly AgentState[];
  readonly name: string;
  readonly state: NodeState;
  /** The names of the dependencies that are not done. */
  readonly waitsFor: readonly string[];
  /** How many agents a click shows or hides; 0 for a plain agent. */
  readonly hidden: number;
  readonly isExpanded: boolean;
  readonly isCritical: boolean;
}

export interface PlanEdge {
  readonly from: string;
  readonly to: string;
  /** `child` works for its parent. */
  readonly kind: 'dependency' | 'child';
  readonly isCritical: boolean;
}

export interface Plan {
  readonly nodes: readonly PlanNode[];
  readonly edges: readonly PlanEdge[];
}

/** Each pair of nodes has at most one edge in each direction. */
export const edgeKey = ({ from, to }: Pick<PlanEdge, 'from' | 'to'>): string => JSON.stringify([from, to]);

/** The most agents with a node each. With more agents, children are grouped in their parent. */
const ALL_AT_ONCE = 24;
/** With more nodes than this, equal neighbours are grouped. */
const MOST_NODES = 40;
/** The least number of equal neighbours in a group. */
const LEAST_ALIKE = 3;

/** Whether the graph has an edge, because an agent depends on another. */
export const hasGraph = (agents: readonly AgentState[]): boolean => agents.some(({ dependsOn }) => (dependsOn?.length ?? 0) > 0);

interface View {
  readonly nowMs: number;
  readonly disconnectedSinceMs: number | null;
  /** The groups that the reader has expanded. */
  readonly expanded: ReadonlySet<string>;
}

/** The plan at a moment. */
export function planOf(job: Job, view: View): Plan {
  const groups = grouped(job.agents, view.expanded);
  const nodeOf = new Map(groups.flatMap(({ id, agents }) => agents.map((agent) => [agent.invocationId, id] as const)));
  const found = finder(job.agents);
  const edges = edgesOf(job.agents, nodeOf, found);
  const critical = longestPath(groups, edges, view.nowMs);
  const nodes = groups.map(({ id, agents, name, hidden, isExpanded }) => {
    const waitsFor = [...new Set(agents.flatMap((agent) => unfinished(agent, found)))];
    const states = agents.map((agent) => agentStateAt(agent, job, view.nowMs, view.disconnectedSinceMs));
    const state = together(states);
    return {
      id,
      agents,
      name,
      waitsFor,
      state: state === 'pending' && waitsFor.length === 0 ? ('ready' as const) : state,
      hidden,
      isExpanded,
      isCritical: critical.has(id),
    };
  });
  return { nodes, edges: edges.map((edge) => ({ ...edge, isCritical: isStepOf(critical, edge) })) };
}

interface Group {
  readonly id: string;
  readonly agents: readonly AgentState[];
  readonly name: string;
  readonly hidden: number;
  readonly isExpanded: boolean;
}

/** Group children in their parent, then equal neighbours, while there are too many nodes. */
function grouped(agents: readonly AgentState[], expanded: ReadonlySet<string>): readonly Group[] {
  const isMany = agents.length > ALL_AT_ONCE;
  const parents = parentsOf(agents);
  const topOf = (agent: AgentState): string => {
    const parent = isMany ? parents.get(agent.invocationId) : undefined;
    return parent === undefined || expanded.has(parent.invocationId) ? agent.invocationId : topOf(parent);
  };
  const families = Map.groupBy(agents, topOf);
  const groups = [...families].map(([id, family]): Group => {
    const first = family.find(({ invocationId }) => invocationId === id) as AgentState;
    const hidden = isMany && expanded.has(id) ? childrenOf(agents, id).length : family.length - 1;
    return { id, agents: family, name: first.name, hidden, isExpanded: isMany && expanded.has(id) && hidden > 0 };
  });
  return groups.length > MOST_NODES ? groupEqual(groups, agents, expanded) : groups;
}

function groupEqual(groups: readonly Group[], agents: readonly AgentState[], expanded: ReadonlySet<string>): readonly Group[] {
  const followers = new Map<string, string[]>();
  for (const { invocationId, dependsOn } of agents) {
    for (const name of dependsOn ?? []) {
      followers.set(name, [...(followers.get(name) ?? []), invocationId]);
    }
  }
  const place = ({ id, agents: [first], hidden }: Group): string => {
    if (hidden > 0 || first === undefined) {
      return id;
    }
    const after = [...(followers.get(first.name) ?? []), ...(followers.get(first.invocationId) ?? [])];
    return JSON.stringify([first.parentInvocationId, [...(first.dependsOn ?? [])].sort(), after.sort()]);
  };
  return [...Map.groupBy(groups, place)].flatMap(([key, same]): readonly Group[] => {
    const id = `group ${key}`;
    if (same.length < LEAST_ALIKE || expanded.has(id)) {
      return same;
    }
    const members = same.flatMap((group) => group.agents);
    return [{ id, agents: members, name: commonName(members), hidden: members.length, isExpanded: false }];
  });
}

function commonName(agents: readonly AgentState[]): string {
  const [first = '', ...others] = agents.map(({ name }) => name);
  let length = first.length;
  for (const name of others) {
    while (!name.startsWith(first.slice(0, length))) {
      length -= 1;
    }
  }
  return first.slice(0, length).replace(/[\s\d#_.:-]+$/, '') || 'Agents';
}

const childrenOf = (agents: readonly AgentState[], id: string): readonly AgentState[] =>
  agents.filter(({ parentInvocationId }) => parentInvocationId === id);

/** Each agent's parent; none for one that is its own ancestor. */
function parentsOf(agents: readonly AgentState[]): ReadonlyMap<string, AgentState> {
  const known = new Map(agents.map((agent) => [agent.invocationId, agent]));
  const parents = new Map<string, AgentState>();
  for (const agent of agents) {
    const seen = new Set([agent.invocationId]);
    let above = known.get(agent.parentInvocationId ?? '');
    const parent = above;
    while (above !== undefined && !seen.has(above.invocationId)) {
      seen.add(above.invocationId);
      above = known.get(above.parentInvocationId ?? '');
    }
    if (parent !== undefined && above === undefined) {
      parents.set(agent.invocationId, parent);
    }
  }
  return parents;
}

type Find = (name: string) => AgentState | undefined;

/** Find steps by their ids or by their agents' names, because plans use both. */
function finder(agents: readonly AgentState[]): Find {
  const byName = new Map(agents.map((agent) => [agent.name, agent]));
  const byId = new Map(agents.map((agent) => [agent.invocationId, agent]));
  return (name) => byId.get(name) ?? byName.get(name);
}

const unfinished = (agent: AgentState, find: Find): readonly string[] =>
  agent.status === 'pending' ? (agent.dependsOn ?? []).filter((name) => find(name)?.status !== 'success') : [];

type Edge = Omit<PlanEdge, 'isCritical'>;

function edgesOf(agents: readonly AgentState[], nodeOf: ReadonlyMap<string, string>, find: Find): readonly Edge[] {
  const edges = new Map<string, Edge>();
  const add = (from: string | undefined, to: string | undefined, kind: Edge['kind']) => {
    if (from !== undefined && to !== undefined && from !== to) {
      edges.set(edgeKey({ from, to }), { from, to, kind });
    }
  };
  for (const agent of agents) {
    const to = nodeOf.get(agent.invocationId);
    add(nodeOf.get(agent.parentInvocationId ?? ''), to, 'child');
    for (const name of agent.dependsOn ?? []) {
      add(nodeOf.get(find(name)?.invocationId ?? ''), to, 'dependency');
    }
  }
  return [...edges.values()];
}

/** The state of grouped agents: the one that needs attention most. */
function together(states: readonly ShownState[]): ShownState {
  const order = ['error', 'lost', 'stale', 'unknown', 'waiting', 'in-progress', 'pending', 'unfinished', 'cancelled'] as const;
  const [first = 'success'] = states;
  return states.length === 1 ? first : (order.find((state) => states.includes(state)) ?? 'success');
}

/** The duration of a node until now, in ms. A node that has not begun counts a little, so that longer paths count more. */
function weightOf({ agents }: Group, nowMs: number): number {
  const times = agents.map(({ duration, startedAt, completedAt }) => {
    const startMs = Date.parse(startedAt ?? '');
    const endMs = completedAt === null ? nowMs : Date.parse(completedAt);
    return duration !== null ? duration * 1000 : endMs - startMs || 0;
  });
  return Math.max(1, ...times);
}

/** The ids on the longest path through the dependencies, in order. */
function longestPath(groups: readonly Group[], edges: readonly Edge[], nowMs: number): ReadonlySet<string> {
  const before = Map.groupBy(
    edges.filter(({ kind }) => kind === 'dependency'),
    ({ to }) => to
  );
  const weights = new Map(groups.map((group) => [group.id, weightOf(group, nowMs)]));
  const paths = new Map<string, { ms: number; from: string | null }>();
  const pathTo = (id: string, above: ReadonlySet<string>): number => {
    const known = paths.get(id);
    if (known !== undefined) {
      return known.ms;
    }
    let longest = { ms: 0, from: null as string | null };
    for (const { from } of before.get(id) ?? []) {
      const ms = above.has(from) ? 0 : pathTo(from, new Set([...above, id])); // a plan may contain a cycle
      if (ms > longest.ms) {
        longest = { ms, from };
      }
    }
    paths.set(id, { ms: longest.ms + (weights.get(id) ?? 0), from: longest.from });
    return longest.ms + (weights.get(id) ?? 0);
  };
  const ends = groups.map(({ id }) => ({ id, ms: pathTo(id, new Set([id])) }));
  const last = ends
    .filter(({ id }) => before.has(id))
    .reduce((one, other) => (other.ms > one.ms ? other : one), { id: '', ms: -1 });
  const path = new Set<string>();
  for (let id: string | null = last.id || null; id !== null && !path.has(id); id = paths.get(id)?.from ?? null) {
    path.add(id);
  }
  return new Set([...path].reverse());
}

function isStepOf(path: ReadonlySet<string>, { from, to, kind }: Edge): boolean {
  const steps = [...path];
  return kind === 'dependency' && path.has(from) && steps.indexOf(to) === steps.indexOf(from) + 1;
}
