// Places the nodes of a plan, from left to right in the order of work.

import { Graph, layout } from '@dagrejs/dagre';
import { edgeKey, type Plan, type PlanEdge } from './plan.ts';

export const NODE_WIDTH = 184;
export const NODE_HEIGHT = 44;
const MARGIN = 12;

export interface Placed {
  readonly width: number;
  readonly height: number;
  /** The upper left corner of each node. */
  readonly at: ReadonlyMap<string, { readonly x: number; readonly y: number }>;
  /** The way of each edge, as the `d` of a path. */
  readonly paths: ReadonlyMap<string, string>;
}

/** Place the nodes, independent of their states and times. */
export function place({ nodes, edges }: Pick<Plan, 'nodes' | 'edges'>): Placed {
  const graph = new Graph().setGraph({ rankdir: 'LR', nodesep: 12, ranksep: 44, marginx: MARGIN, marginy: MARGIN });
  graph.setDefaultEdgeLabel(() => ({}));
  // Generated names, because the library stores names in objects, which already have a "constructor".
  const names = new Map(nodes.map(({ id }, index) => [id, `node ${index}`]));
  const nameOf = (id: string) => names.get(id) as string;
  for (const name of names.values()) {
    graph.setNode(name, { width: NODE_WIDTH, height: NODE_HEIGHT });
  }
  for (const { from, to } of edges) {
    graph.setEdge(nameOf(from), nameOf(to));
  }
  layout(graph);
  const corner = (id: string) => {
    const { x = 0, y = 0 } = graph.node(nameOf(id)) as { x?: number; y?: number };
    return { x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 };
  };
  /** From the middle of the right side to the middle of the left one, around the boxes in between. */
  const pointsOf = ({ from, to }: PlanEdge): Point[] => {
    const { points } = graph.edge(nameOf(from), nameOf(to)) as { points: Point[] };
    const [start, end] = [corner(from), corner(to)];
    const middle = NODE_HEIGHT / 2;
    const between = points.slice(2, -2);
    return [{ x: start.x + NODE_WIDTH, y: start.y + middle }, ...between, { x: end.x, y: end.y + middle }];
  };
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width,
    height,
    at: new Map(nodes.map(({ id }) => [id, corner(id)])),
    paths: new Map(edges.map((edge) => [edgeKey(edge), curve(pointsOf(edge))])),
  };
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** A curve through the points, level at each. */
function curve(points: readonly Point[]): string {
  return points
    .map(({ x, y }, index) => {
      const before = points[index - 1];
      const middle = before === undefined ? 0 : (before.x + x) / 2;
      return before === undefined ? `M${x},${y}` : `C${middle},${before.y} ${middle},${y} ${x},${y}`;
    })
    .join('');
}
