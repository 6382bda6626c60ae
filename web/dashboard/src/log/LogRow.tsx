import { type MouseEvent, memo, useState } from 'react';
import { durationText, offsetText, percentText } from '../format.ts';
import { sourceOf, statusLabel, toneOf } from '../labels.ts';
import type { StatusUpdate } from '../types.ts';
import { Icon, type IconName } from '../ui/Icon.tsx';
import { DetailPanel } from './DetailPanel.tsx';

const ICONS = new Map<string, IconName>([
  ['calling_tool', 'tool'],
  ['tool_complete', 'tool'],
  ['tool_error', 'cross'],
  ['agent_complete', 'check'],
  ['complete', 'check'],
  ['agent_error', 'cross'],
  ['error', 'cross'],
  ['agent_invoking', 'play'],
  ['agent_retrying', 'retry'],
  ['reopened', 'retry'],
  ['heartbeat', 'pulse'],
  ['waiting', 'clock'],
  ['answered', 'agents'],
  ['cancelled', 'stop'],
  ['cancel_requested', 'stop'],
]);

interface Props {
  update: StatusUpdate;
  startedAt: string | null;
  isFromLog: boolean;
  isNewest: boolean;
  /** Shows the page as it was at this status; null where the log does not allow it. */
  onTravel: ((sequence: number) => void) | null;
}

/** One status: agent, message and time; details on demand. A click shows the job at its moment. */
export const LogRow = memo(function LogRow({ update, startedAt, isFromLog, isNewest, onTravel }: Props) {
  const [isOpen, setOpen] = useState(false);
  const details = detailsOf(update);
  const travel = (event: MouseEvent) => {
    const isElse = (event.target as Element).closest('button, a, .entry-more') !== null;
    if (!isElse && getSelection()?.isCollapsed !== false) {
      onTravel?.(update.sequence);
    }
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions lint/a11y/useKeyWithClickEvents: the keyboard has the button in the details, and the slider
    <div
      className="entry-body"
      data-tone={toneOf(update)}
      data-newest={isNewest || undefined}
      data-open={isOpen || undefined}
      data-travels={onTravel !== null || undefined}
      onClick={onTravel === null ? undefined : travel}
    >
      <time className="time" dateTime={update.timestamp} title={update.timestamp}>
        {offsetText(update.timestamp, startedAt)}
      </time>
      <span className="entry-icon">
        <Icon name={ICONS.get(update.status) ?? 'dot'} size={13} />
      </span>
      <div className="entry-main">
        <p className="entry-line">
          <bdi className="source">{sourceOf(update)}</bdi>
          <span className="status-label">{statusLabel(update.status)}</span>
          {update.metadata?.afterEnd === true && (
            <span className="after-end" title="The job had ended: this status changed nothing">
              after its end
            </span>
          )}
          {isFromLog && (
            <span className="from-log" title="No push brought this status: it was read from the log">
              from the log
            </span>
          )}
        </p>
        <p className="text">
          {update.toolName && <code className="tool">{update.toolName}</code>}
          <span className="message as-written" dir="auto">
            {update.message}
          </span>
          {update.attempt != null && update.attempt > 1 && <span className="muted tabular"> attempt {update.attempt}</span>}
          {update.progress != null && <span className="muted tabular"> {percentText(update.progress)}</span>}
          {update.executionTimeMs != null && <span className="muted tabular"> {durationText(update.executionTimeMs)}</span>}
        </p>
      </div>
      <button
        type="button"
        className="sequence"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
        title="Show everything about this status"
      >
        <span className="sr-only">Details of status </span>
        {update.sequence}
        <Icon name="down" size={11} />
      </button>
      {isOpen && (
        <div className="entry-more">
          {onTravel !== null && (
            <button type="button" className="button" onClick={() => onTravel(update.sequence)}>
              <Icon name="rewind" size={13} /> Go to this moment
            </button>
          )}
          <pre>{JSON.stringify(details, null, 2)}</pre>
          <DetailPanel update={update} />
        </div>
      )}
    </div>
  );
});

function detailsOf(update: StatusUpdate): object {
  const { jobId: _job, userId: _user, tenantId: _tenant, ...rest } = update;
  return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null && value !== undefined));
}
