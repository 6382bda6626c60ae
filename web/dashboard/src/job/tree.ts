// The agents of a job as a tree, each below its caller. Pure.

import type { AgentState } from '../types.ts';

export interface Branch {
  agent: AgentState;
  depth: number;
  /** Rows up to its elder sibling, or to its parent. */
  climb: number;
}

/** The tree, flat: children right after their parent, in the order of the job. */
export function inTreeOrder(agents: readonly AgentState[]): Branch[] {
  const ids = new Set(agents.map(({ invocationId }) => invocationId));
  const children = Map.groupBy(agents, ({ parentInvocationId: parent }) => (parent && ids.has(parent) ? parent : null));
  const rows: Branch[] = [];
  const seen = new Set<string>();
  const visit = (agent: AgentState, depth: number, above: number): void => {
    if (!seen.has(agent.invocationId)) {
      seen.add(agent.invocationId);
      const place = rows.push({ agent, depth, climb: 0 }) - 1;
      (rows[place] as Branch).climb = place - above;
      let elder = place;
      for (const child of children.get(agent.invocationId) ?? []) {
        const next = rows.length;
        visit(child, depth + 1, elder);
        elder = next;
      }
    }
  };
  for (const agent of [...(children.get(null) ?? []), ...agents]) {
    visit(agent, 0, 0); // all: an agent that is its own ancestor has no other place
  }
  return rows;
}
