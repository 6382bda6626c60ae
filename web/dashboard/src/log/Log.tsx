import { useVirtualizer } from '@tanstack/react-virtual';
import {
  memo,
  type ReactNode,
  useCallback,
  useDeferredValue,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import type { AgentState, StatusUpdate } from '../types.ts';
import { RowBoundary } from '../ui/Boundary.tsx';
import { Chips } from '../ui/Chips.tsx';
import { Icon } from '../ui/Icon.tsx';
import { ScrollRegion } from '../ui/ScrollRegion.tsx';
import { LogRow } from './LogRow.tsx';
import { filtered, type LogKind } from './logFilter.ts';

const KINDS: readonly { key: LogKind; label: string }[] = [
  { key: 'all', label: 'All' },
  { key: 'tools', label: 'Tools' },
  { key: 'errors', label: 'Errors' },
];
const NEAR_END_PX = 48;

interface Props {
  updates: readonly StatusUpdate[];
  agents: readonly AgentState[];
  startedAt: string | null;
  fromLog: ReadonlySet<number>;
  chosen: string | null;
  onChoose: (invocationId: string | null) => void;
  /** Shows the page as it was at a status; null where the log does not allow it. */
  onTravel: ((sequence: number) => void) | null;
  /** How complete the log is. */
  completeness: ReactNode;
}

/** The log, oldest first; it follows the newest status while the reader is at its end. */
export const Log = memo(function Log({ updates, agents, startedAt, fromLog, chosen, onChoose, onTravel, completeness }: Props) {
  const [kind, setKind] = useState<LogKind>('all');
  const [text, setText] = useState('');
  const wanted = useDeferredValue(text);
  const shown = useMemo(() => filtered(updates, { kind, invocationId: chosen, text: wanted }), [updates, kind, chosen, wanted]);
  return (
    <section className="panel log-panel" aria-labelledby="log-title">
      <div className="panel-head">
        <h2 id="log-title">Log</h2>
        {completeness}
      </div>
      <div className="log-tools">
        <div className="search">
          <Icon name="search" size={14} />
          <input
            type="search"
            placeholder="Search"
            aria-label="Search the log"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </div>
        <select aria-label="Statuses of" value={chosen ?? ''} onChange={(event) => onChoose(event.target.value || null)}>
          <option value="">Everybody</option>
          {agents.map((agent) => (
            <option key={agent.invocationId} value={agent.invocationId}>
              {agent.name}
            </option>
          ))}
        </select>
        <Chips label="Kind of status" choices={KINDS} chosen={kind} onChoose={setKind} />
      </div>
      {shown.length === 0 ? (
        <p className="empty log-empty">{updates.length === 0 ? 'Statuses appear here as they happen.' : 'No status fits.'}</p>
      ) : (
        <Rows shown={shown} startedAt={startedAt} fromLog={fromLog} onTravel={onTravel} />
      )}
    </section>
  );
});

interface RowsProps {
  shown: readonly StatusUpdate[];
  startedAt: string | null;
  fromLog: ReadonlySet<number>;
  onTravel: ((sequence: number) => void) | null;
}

function Rows({ shown, startedAt, fromLog, onTravel }: RowsProps) {
  const frame = useRef<HTMLElement>(null);
  const [unseen, setUnseen] = useState(0);
  const seen = useRef(shown.length);
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => frame.current,
    estimateSize: () => 52,
    getItemKey: (index) => shown[index]?.sequence ?? index,
    overscan: 8,
    anchorTo: 'end', // rows that are added above do not move the rows in view
    followOnAppend: true,
    scrollEndThreshold: NEAR_END_PX,
  });
  const toEnd = useCallback(() => virtual.scrollToEnd(), [virtual]);
  const before = useRef(0);
  useLayoutEffect(() => {
    if (before.current === 0 || shown.length < before.current) {
      toEnd(); // just opened, another filter or an earlier moment: show the newest status
    }
    before.current = shown.length;
  }, [shown, toEnd]);
  const height = virtual.getTotalSize();
  // Read the position from the frame: the virtualizer learns of a scroll only after this component does.
  const countUnseen = useCallback(() => {
    const { scrollHeight, scrollTop, clientHeight } = frame.current as HTMLElement;
    const isAtEnd = scrollHeight - scrollTop - clientHeight <= NEAR_END_PX;
    seen.current = isAtEnd ? shown.length : Math.min(seen.current, shown.length);
    setUnseen(shown.length - seen.current);
  }, [shown]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows that are measured move the end without a scroll
  useEffect(countUnseen, [countUnseen, height]);
  const newest = shown.at(-1)?.sequence;
  return (
    <div className="log-hold">
      <ScrollRegion className="log-frame" ref={frame} onScroll={countUnseen} label="Log, scrollable">
        <ol id="log" style={{ height }}>
          {virtual.getVirtualItems().map((item) => {
            const update = shown[item.index] as StatusUpdate;
            return (
              <li
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                data-sequence={update.sequence}
                className="entry"
                aria-setsize={shown.length}
                aria-posinset={item.index + 1}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <RowBoundary name={`Status ${update.sequence}`}>
                  <LogRow
                    update={update}
                    startedAt={startedAt}
                    isFromLog={fromLog.has(update.sequence)}
                    isNewest={update.sequence === newest}
                    onTravel={onTravel}
                  />
                </RowBoundary>
              </li>
            );
          })}
        </ol>
      </ScrollRegion>
      {unseen > 0 && (
        <button type="button" className="button unseen" onClick={toEnd}>
          <Icon name="down" size={13} /> {unseen} newer
        </button>
      )}
    </div>
  );
}
