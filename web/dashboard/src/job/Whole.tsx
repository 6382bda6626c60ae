import { plural } from '../format.ts';
import type { JobState } from '../types.ts';
import { Icon, type IconName } from '../ui/Icon.tsx';
import { wholeOf } from './wholeText.ts';

const ICONS: Record<ReturnType<typeof wholeOf>['sign'], IconName> = { whole: 'check', healing: 'rewind', problem: 'alert' };

/** What is known of the log: whether it is whole, and what had to be healed. */
export function Whole({ state, isReading }: { state: JobState; isReading: boolean }) {
  const { sign, text } = wholeOf(state, isReading);
  return (
    <div className="whole-line">
      <Healed healed={state.healed} />
      <p className="whole tabular" id="whole" data-state={sign}>
        <Icon name={ICONS[sign]} size={13} />
        {text}
      </p>
    </div>
  );
}

function Healed({ healed }: { healed: JobState['healed'] }) {
  const { lost, gaps, duplicates, reordered, reconnects } = healed;
  const parts = [
    lost > 0 ? `${plural(lost, 'status', 'statuses')} read from the log` : '',
    gaps > 0 ? plural(gaps, 'gap') : '',
    reordered > 0 ? `${reordered} out of order` : '',
    duplicates > 0 ? `${duplicates} repeated` : '',
    reconnects > 0 ? plural(reconnects, 'reconnect') : '',
  ].filter(Boolean);
  return parts.length === 0 ? null : (
    <p className="healed-sum" id="healed" title="What went wrong on the way and was put right">
      <Icon name="retry" size={12} />
      <span>Healed: {parts.join(', ')}</span>
    </p>
  );
}
