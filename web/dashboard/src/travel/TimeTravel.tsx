import { memo } from 'react';
import { offsetText } from '../format.ts';
import { sourceOf, toneOf } from '../labels.ts';
import { momentUrl } from '../router.ts';
import type { StatusUpdate } from '../types.ts';
import { CopyButton } from '../ui/CopyButton.tsx';
import { Icon } from '../ui/Icon.tsx';
import { indexAt, SPEEDS, type Speed } from './playback.ts';
import type { Travel } from './useTravel.ts';

const MOST_MARKS = 40;

interface Props {
  jobId: string;
  travel: Travel;
  updates: readonly StatusUpdate[];
  startedAt: string | null;
  isOver: boolean;
}

/** The slider over a job's statuses, which shows the page as it was at each of them. */
export function TimeTravel({ jobId, travel, updates, startedAt, isOver }: Props) {
  const { at, isPlaying, speed } = travel;
  const last = updates.length - 1;
  const index = at === null ? last : indexAt(updates, at);
  const shown = updates[index];
  const isPast = at !== null;
  const where = shown ? `Status ${shown.sequence} of ${updates.at(-1)?.sequence}` : 'Before the first status';
  return (
    <section className="travel" aria-label="Time travel" data-past={isPast || undefined}>
      <div className="travel-buttons">
        <button
          type="button"
          className="button bare square"
          onClick={isPlaying ? travel.pause : travel.play}
          disabled={last < 1}
          aria-label={isPlaying ? 'Pause' : 'Play the job again'}
        >
          <Icon name={isPlaying ? 'pause' : 'play'} />
        </button>
        <button
          type="button"
          className="button bare square"
          onClick={() => travel.step(-1)}
          disabled={index <= 0}
          aria-label="One status back"
        >
          <Icon name="back" />
        </button>
        <button
          type="button"
          className="button bare square"
          onClick={() => travel.step(1)}
          disabled={!isPast || index >= last}
          aria-label="One status on"
        >
          <Icon name="forward" />
        </button>
        <CopyButton
          className="button bare square"
          icon="link"
          text={momentUrl(jobId, shown?.sequence ?? null)}
          label="Copy a link to this moment"
        />
      </div>
      <div className="travel-slider">
        <input
          type="range"
          id="travel"
          min={0}
          max={Math.max(0, last)}
          step={1}
          value={Math.max(0, index)}
          disabled={last < 1}
          aria-label="Moment of the job"
          aria-valuetext={
            shown ? `${where}, ${offsetText(shown.timestamp, startedAt)}. ${sourceOf(shown)}: ${shown.message}` : where
          }
          onChange={(event) => travel.goTo(updates[Number(event.target.value)]?.sequence ?? null)}
        />
        <FailureMarks updates={updates} />
      </div>
      <p className="travel-where tabular" id="travel-where">
        {isPast ? (
          <>
            <strong>{where}</strong> <span>{shown ? offsetText(shown.timestamp, startedAt) : ''}</span>
          </>
        ) : (
          <span>{isOver ? 'The end' : 'Now'}</span>
        )}
      </p>
      <label className="travel-speed">
        <span className="sr-only">Speed</span>
        <select value={speed} onChange={(event) => travel.setSpeed(Number(event.target.value) as Speed)}>
          {SPEEDS.map((each) => (
            <option key={each} value={each}>
              {each}×
            </option>
          ))}
        </select>
      </label>
      <button type="button" className="button travel-live" id="back-to-live" onClick={() => travel.goTo(null)} disabled={!isPast}>
        <Icon name={isOver ? 'forward' : 'pulse'} size={14} />
        {isOver ? 'To the end' : 'Back to live'}
      </button>
    </section>
  );
}

/** Marks for the newest failures on the slider. */
const FailureMarks = memo(function FailureMarks({ updates }: { updates: readonly StatusUpdate[] }) {
  const last = updates.length - 1;
  const failures = updates.flatMap((update, index) => (last > 0 && toneOf(update) === 'bad' ? [index / last] : []));
  return (
    <div className="travel-marks" aria-hidden="true">
      {failures.slice(-MOST_MARKS).map((share) => (
        <i key={share} style={{ left: `${share * 100}%` }} />
      ))}
    </div>
  );
});
