import { plural } from '../format.ts';
import type { JobState } from '../types.ts';
import { Icon, type IconName } from '../ui/Icon.tsx';
import { completenessOf } from './completenessText.ts';

const ICONS: Record<ReturnType<typeof completenessOf>['sign'], IconName> = {
  whole: 'check',
  recovering: 'rewind',
  problem: 'alert',
};

/** Whether the log is complete, and the recovered statuses. */
export function Completeness({ state, isReading }: { state: JobState; isReading: boolean }) {
  const { sign, text } = completenessOf(state, isReading);
  return (
    <div className="completeness-line">
      <Recovery counts={state.recovery} />
      <p className="completeness tabular" id="completeness" data-state={sign}>
        <Icon name={ICONS[sign]} size={13} />
        {text}
      </p>
    </div>
  );
}

function Recovery({ counts }: { counts: JobState['recovery'] }) {
  const { lost, gaps, duplicates, reordered, reconnects } = counts;
  const parts = [
    lost > 0 ? `${plural(lost, 'status', 'statuses')} read from the log` : '',
    gaps > 0 ? plural(gaps, 'gap') : '',
    reordered > 0 ? `${reordered} out of order` : '',
    duplicates > 0 ? `${duplicates} repeated` : '',
    reconnects > 0 ? plural(reconnects, 'reconnect') : '',
  ].filter(Boolean);
  return parts.length === 0 ? null : (
    <p className="recovery" id="recovery" title="Lost, late and repeated pushes, and the client's recovery">
      <Icon name="retry" size={12} />
      <span>Recovered: {parts.join(', ')}</span>
    </p>
  );
}
