import { isOver } from '@statusbeam/client';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useMemo, useRef } from 'react';
import { durationText, plural, tickingText } from '../format.ts';
import { agentStateAt, jobLivenessAt } from '../job/liveness.ts';
import { type Moment, useMomentMs } from '../job/moment.ts';
import { isSilent, type ShownState, STATE_LABELS, statusLabel } from '../labels.ts';
import { StateIcon } from '../ui/Badge.tsx';
import { ScrollRegion } from '../ui/ScrollRegion.tsx';
import { type Bar, type Timeline as Layout, layOut, mostAtOnce, type TimelineRow, ticksOf } from './layout.ts';

const ROW_HEIGHT = 34;

interface Props {
  moment: Moment;
  chosen: string | null;
  onChoose: (invocationId: string | null) => void;
  /** Shows the page as it was at a status; null where the log does not allow it. */
  onTravel: ((sequence: number) => void) | null;
}

/** The timeline: a row for each agent, a bar for each attempt, a mark for each tool call, and the phases above. */
export const Timeline = memo(function Timeline({ moment, chosen, onChoose, onTravel }: Props) {
  const { job, history, disconnectedSinceMs } = moment;
  const now = useMomentMs(!isOver(job));
  const layout = useMemo(() => layOut(job, history, now, moment.atMs !== null), [job, history, now, moment.atMs]);
  const atOnce = useMemo(() => mostAtOnce(layout.rows), [layout]);
  const frame = useRef<HTMLElement>(null);
  const virtual = useVirtualizer({
    count: layout.rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => layout.rows[index]?.key ?? index,
    overscan: 6,
  });
  const over = isOver(job);
  const isEmpty = layout.rows.length === 0 && layout.phases.length === 0;
  return (
    <section className="panel timeline" aria-labelledby="timeline-title">
      <div className="panel-head">
        <h2 id="timeline-title">Timeline</h2>
        <p className="muted tabular timeline-sum">
          {atOnce > 1 ? `up to ${plural(atOnce, 'agent')} at once · ` : ''}
          {isEmpty ? '' : tickingOrExact(layout.endMs - layout.startMs, over)}
        </p>
      </div>
      <ScrollRegion className="timeline-frame" ref={frame} label="Timeline, scrollable">
        {!isEmpty && (
          <div className="timeline-head" aria-hidden="true">
            <span />
            <Axis spanMs={layout.endMs - layout.startMs} />
          </div>
        )}
        <Phases layout={layout} isSilent={isSilent(jobLivenessAt(job, now, disconnectedSinceMs))} />
        {layout.rows.length > 0 && (
          <Grid spanMs={layout.endMs - layout.startMs} playhead={moment.atMs === null ? null : layout.now} />
        )}
        <ol className="timeline-rows" id="timeline" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = layout.rows[item.index] as TimelineRow;
            const state = agentStateAt(row.agent, job, now, disconnectedSinceMs);
            return (
              <li
                key={item.key}
                className="timeline-row"
                style={{ transform: `translateY(${item.start}px)` }}
                aria-setsize={layout.rows.length}
                aria-posinset={item.index + 1}
                data-chosen={chosen === row.key || undefined}
              >
                <RowName
                  row={row}
                  state={state}
                  onChoose={() => onChoose(chosen === row.key ? null : row.key)}
                  isChosen={chosen === row.key}
                />
                <Track row={row} state={state} onTravel={onTravel} />
              </li>
            );
          })}
        </ol>
        {layout.rows.length === 0 && <p className="empty">Agents appear here when they are planned or begin.</p>}
      </ScrollRegion>
    </section>
  );
});

const tickingOrExact = (ms: number, over: boolean): string => (over ? durationText(ms) : tickingText(ms));

function Axis({ spanMs }: { spanMs: number }) {
  return (
    <div className="axis">
      {ticksOf(spanMs).map(({ at, label }) => (
        <span key={label} className="tick" style={{ left: `${at * 100}%` }} data-end={at > 0.94 || undefined}>
          {label}
        </span>
      ))}
    </div>
  );
}

function Grid({ spanMs, playhead }: { spanMs: number; playhead: number | null }) {
  return (
    <div className="grid-lines" aria-hidden="true">
      {ticksOf(spanMs).map(({ at, label }) => (
        <i key={label} style={{ left: `${at * 100}%` }} />
      ))}
      {playhead !== null && <i className="playhead" style={{ left: `${playhead * 100}%` }} />}
    </div>
  );
}

/** The orchestrator's phases, as one strip above the agents. */
function Phases({ layout, isSilent }: { layout: Layout; isSilent: boolean }) {
  if (layout.phases.length === 0) {
    return null;
  }
  return (
    <div className="timeline-phases">
      <span className="row-name">Orchestrator</span>
      <div className="track">
        {layout.phases.map((phase) => (
          <span
            key={phase.key}
            className="phase"
            data-open={(phase.isOpen && !isSilent) || undefined}
            style={{ left: `${phase.from * 100}%`, width: `${(phase.to - phase.from) * 100}%` }}
            title={statusLabel(phase.label)}
          >
            <span>{statusLabel(phase.label)}</span>
          </span>
        ))}
      </div>
    </div>
  );
}

interface NameProps {
  row: TimelineRow;
  state: ShownState;
  isChosen: boolean;
  onChoose: () => void;
}

function RowName({ row, state, isChosen, onChoose }: NameProps) {
  const { agent } = row;
  return (
    <button
      type="button"
      className="row-name"
      data-state={state}
      style={{ paddingLeft: `${row.depth * 16 + 8}px` }}
      aria-pressed={isChosen}
      onClick={onChoose}
    >
      {row.depth > 0 && <Branch row={row} />}
      <StateIcon state={state} size={13} />
      <bdi className="truncate">{agent.name}</bdi>
      <span className="sr-only">
        , {STATE_LABELS[state]}
        {row.bars.length > 1 ? `, ${row.bars.length} attempts` : ''}
        {row.marks.length > 0 ? `, ${plural(row.marks.length, 'tool call')}` : ''}
      </span>
    </button>
  );
}

/** From an agent up to its elder sibling, or to just below the one it works for. */
function Branch({ row }: { row: TimelineRow }) {
  const top = ROW_HEIGHT / 2 - row.climb * ROW_HEIGHT + 9;
  return <i className="branch" style={{ left: `${row.depth * 16 - 3}px`, top: `${top}px` }} aria-hidden="true" />;
}

interface TrackProps {
  row: TimelineRow;
  state: ShownState;
  onTravel: ((sequence: number) => void) | null;
}

/** Its bars and marks are for the pointer. The log has the same moments for the keyboard. */
const Track = memo(function Track({ row, state, onTravel }: TrackProps) {
  const last = row.bars.at(-1);
  return (
    <div className="track" aria-hidden="true">
      {row.bars.map((bar) => (
        <BarShape
          key={bar.key}
          bar={bar}
          isOne={row.bars.length === 1}
          state={bar.isOpen ? state : bar.state}
          onTravel={onTravel}
        />
      ))}
      {row.marks.map((mark) => (
        <button
          type="button"
          tabIndex={-1}
          key={mark.key}
          className={mark.to > mark.at ? 'tool-span' : 'tool-mark'}
          data-failed={mark.failed || undefined}
          disabled={onTravel === null}
          onClick={() => onTravel?.(mark.startSequence)}
          style={
            mark.to > mark.at
              ? { left: `${mark.at * 100}%`, width: `${(mark.to - mark.at) * 100}%` }
              : { left: `${mark.at * 100}%` }
          }
          title={`${mark.name}: ${mark.reason}`}
        />
      ))}
      {last ? <BarLabel bar={last} /> : <span className="pending-line" />}
    </div>
  );
});

interface BarProps {
  bar: Bar;
  isOne: boolean;
  state: ShownState;
  onTravel: ((sequence: number) => void) | null;
}

function BarShape({ bar, isOne, state, onTravel }: BarProps) {
  const lasted = durationText(bar.durationMs);
  const silent = isSilent(state);
  const to = silent ? bar.lastStatusAt : bar.to;
  return (
    <>
      <button
        type="button"
        tabIndex={-1}
        className="bar-shape"
        disabled={onTravel === null || bar.startSequence === 0}
        onClick={() => onTravel?.(bar.startSequence)}
        data-state={silent ? 'in-progress' : state}
        data-open={(bar.isOpen && !silent) || undefined}
        style={{ left: `${bar.from * 100}%`, width: `max(4px, ${(to - bar.from) * 100}%)` }}
        title={isOne ? lasted : `${bar.label}: ${lasted}`}
      />
      {silent && (
        <span
          className="silence-bar"
          data-state={state}
          style={{ left: `${to * 100}%`, width: `${(bar.to - to) * 100}%` }}
          title={STATE_LABELS[state]}
        />
      )}
    </>
  );
}

/** The duration of the last attempt, next to its bar if there is room. */
function BarLabel({ bar }: { bar: Bar }) {
  if (bar.isOpen) {
    return null;
  }
  const text = durationText(bar.durationMs);
  return bar.to < 0.84 ? (
    <span className="bar-label" style={{ left: `${bar.to * 100}%` }}>
      {text}
    </span>
  ) : (
    <span className="bar-label before" style={{ right: `${(1 - bar.from) * 100}%` }}>
      {bar.from > 0.14 ? text : ''}
    </span>
  );
}
