// The layout of the timeline: rows in tree order, bars in shares of its width. Pure.

import { isOver } from '@statusbeam/client';
import type { Attempt, History, Phase, Span, ToolCall } from '../job/history.ts';
import { jobLivenessAt } from '../job/liveness.ts';
import { type Branch, inTreeOrder } from '../job/tree.ts';
import type { AgentState, Job } from '../types.ts';

export interface Bar {
  key: string;
  /** Shares of the timeline, 0 to 1. */
  from: number;
  to: number;
  /** From its own beginning to its own end, or to the moment shown. */
  durationMs: number;
  /** Epoch milliseconds, and the status with which it began. */
  startMs: number;
  endMs: number | null;
  startSequence: number;
  state: 'success' | 'error' | 'cancelled' | 'in-progress' | 'unfinished';
  label: string;
  isOpen: boolean;
  /** The place of its newest status. The agent was silent from there to its end. */
  lastStatusAt: number;
}

export interface Mark {
  key: string;
  startSequence: number;
  at: number;
  to: number;
  name: string;
  reason: string;
  failed: boolean;
}

export interface TimelineRow extends Branch {
  key: string;
  bars: Bar[];
  marks: Mark[];
}

export interface Timeline {
  startMs: number;
  endMs: number;
  /** The place of the moment shown; 1 in the present. */
  now: number;
  rows: TimelineRow[];
  phases: Bar[];
}

const LEAST_MS = 100;
const LEAST_RUNNING_MS = 2000;
const SILENT_SHARE = 0.3;

/**
 * Lay out a job at `nowMs`, to which open bars reach. A past moment uses the axis of the whole job, so that the bars stay in
 * place while the reader changes the moment.
 */
export function layOut(job: Job, history: History, nowMs: number, isPast = false): Timeline {
  // The log's beginning may have expired, or not be read yet: the axis begins with the job, or with its current run.
  const startMs =
    earliest([
      history.startMs,
      job.run > 1 ? null : parsed(job.createdAt),
      ...job.agents.map(({ startedAt }) => parsed(startedAt)),
    ]) ?? nowMs;
  const over = isOver(job);
  const lastMs = Math.max(history.lastMs ?? startMs, Date.parse(job.lastUpdated ?? '') || startMs);
  const endMs = endOf(startMs, lastMs, nowMs, over || isPast, jobLivenessAt(job, nowMs) === 'lost');
  const axis: Axis = { at: scaleOf(startMs, endMs), now: 1, nowMs: endMs };
  axis.now = isPast ? axis.at(nowMs) : 1;
  axis.nowMs = isPast ? nowMs : endMs;
  const rows = inTreeOrder(job.agents).map(({ agent, depth, climb }) => {
    const known = history.invocations.get(agent.invocationId);
    const attempts = attemptsOf(agent, known?.attempts ?? []);
    return {
      key: agent.invocationId,
      agent,
      depth,
      climb,
      bars: attempts.map((attempt) => barOf(attempt, axis, over, known?.lastStatusMs ?? lastMs)),
      marks: (known?.tools ?? []).map((tool, index) => markOf(tool, index, axis)),
    };
  });
  return { startMs, endMs, now: axis.now, rows, phases: history.phases.filter(isStretch).map((phase) => phaseBar(phase, axis)) };
}

/** Running bars reach to now. Lost ones do not: an hour of silence would leave no room for the other bars. */
function endOf(startMs: number, lastMs: number, nowMs: number, isOver: boolean, isLost: boolean): number {
  if (isOver) {
    return Math.max(startMs + LEAST_MS, lastMs);
  }
  const silent = Math.max(lastMs, nowMs);
  const end = isLost ? Math.min(silent, lastMs + (lastMs - startMs) * SILENT_SHARE) : silent;
  return Math.max(startMs + LEAST_RUNNING_MS, end);
}

interface Axis {
  /** The place of a time, as a share of the timeline. */
  at: (ms: number) => number;
  /** The end of open bars. */
  now: number;
  nowMs: number;
}

const parsed = (time: string | null): number | null => Date.parse(time ?? '') || null;

function earliest(times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : known.reduce((one, other) => Math.min(one, other));
}

const scaleOf =
  (startMs: number, endMs: number): Axis['at'] =>
  (ms) =>
    Math.min(1, Math.max(0, (ms - startMs) / (endMs - startMs)));

const isStretch = (phase: Phase): boolean => phase.endMs === null || phase.endMs > phase.startMs;

/** The attempts of the log; the newest one began when the snapshot says, though the log may begin later. */
function attemptsOf(agent: AgentState, attempts: readonly Attempt[]): readonly Attempt[] {
  if (attempts.length === 0) {
    return fromSnapshot(agent);
  }
  const startMs = parsed(agent.startedAt);
  return attempts.map((attempt) =>
    attempt.number === agent.attempt && startMs !== null && startMs < attempt.startMs ? { ...attempt, startMs } : attempt
  );
}

function fromSnapshot(agent: AgentState): Attempt[] {
  const startMs = Date.parse(agent.startedAt ?? agent.completedAt ?? '');
  if (Number.isNaN(startMs)) {
    return [];
  }
  const endMs = Date.parse(agent.completedAt ?? '');
  // Agents that the job left open at its end are cancelled without an end.
  const isOpen = agent.status === 'in-progress' || agent.status === 'pending' || agent.completedAt === null;
  const outcome = isOpen ? 'running' : (agent.status as Exclude<Attempt['outcome'], 'running'>);
  return [
    {
      number: agent.attempt,
      startMs,
      startSequence: 0,
      endMs: Number.isNaN(endMs) ? null : endMs,
      endSequence: Number.isNaN(endMs) ? null : 0,
      outcome,
    },
  ];
}

const extent = (
  { startMs, endMs, startSequence }: Span,
  { at, now, nowMs }: Axis
): Pick<Bar, 'from' | 'to' | 'isOpen' | 'startMs' | 'endMs' | 'startSequence' | 'durationMs'> => ({
  from: at(startMs),
  to: endMs === null ? Math.max(now, at(startMs)) : at(endMs),
  isOpen: endMs === null,
  startMs,
  endMs,
  startSequence,
  durationMs: Math.max(0, (endMs ?? nowMs) - startMs),
});

function barOf(attempt: Attempt, axis: Axis, isOver: boolean, lastStatusMs: number): Bar {
  const state = attempt.outcome === 'running' ? (isOver ? 'unfinished' : 'in-progress') : attempt.outcome;
  const span = extent(attempt, axis);
  return {
    key: String(attempt.number),
    ...span,
    state,
    label: `Attempt ${attempt.number}`,
    lastStatusAt: span.isOpen ? Math.min(span.to, Math.max(span.from, axis.at(lastStatusMs))) : span.to,
  };
}

function phaseBar(phase: Phase, axis: Axis): Bar {
  const state = phase.endMs === null ? 'in-progress' : 'success';
  return { key: `${phase.startSequence}`, ...extent(phase, axis), state, label: phase.status, lastStatusAt: 1 };
}

function markOf(tool: ToolCall, index: number, axis: Axis): Mark {
  const at = axis.at(tool.startMs);
  return {
    key: String(index),
    startSequence: tool.startSequence,
    at,
    to: tool.endMs === null ? at : axis.at(tool.endMs),
    name: tool.name,
    reason: tool.reason,
    failed: tool.outcome === 'error',
  };
}

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400];

/** Round times for the axis, `most` of them at most: [{at: share, label}]. */
export function ticksOf(spanMs: number, most = 6): { at: number; label: string }[] {
  const seconds = spanMs / 1000;
  const step = STEPS.find((each) => seconds / each <= most) ?? Math.ceil(seconds / most / 86_400) * 86_400;
  const count = Math.floor(seconds / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => ({ at: (index * step) / seconds, label: tickText(index * step, step) }));
}

function tickText(seconds: number, step: number): string {
  if (seconds === 0) {
    return '0';
  }
  if (step < 1) {
    return `${seconds.toFixed(1)} s`;
  }
  if (seconds < 60 || (step < 60 && seconds < 120 && seconds % 60 !== 0)) {
    return `${seconds} s`;
  }
  if (step < 3600) {
    return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  }
  return `${seconds / 3600} h`;
}

/** How many agents worked at the same time, at most. */
export function mostAtOnce(rows: readonly TimelineRow[]): number {
  const edges = rows.flatMap(({ bars }) =>
    bars.flatMap(({ startMs, endMs }) => [[startMs, 1] as const, [endMs ?? Number.POSITIVE_INFINITY, -1] as const])
  );
  edges.sort(([a, up], [b, other]) => (a === b ? up - other : a - b));
  let now = 0;
  let most = 0;
  for (const [, change] of edges) {
    now += change;
    most = Math.max(most, now);
  }
  return most;
}
