import { type ShownState, STATE_WORDS } from '../words.ts';
import { Icon, type IconName } from './Icon.tsx';

const ICONS: Record<ShownState, IconName> = {
  looking: 'search',
  waiting: 'circle',
  initializing: 'spinner',
  processing: 'spinner',
  completed: 'check',
  failed: 'cross',
  pending: 'circle',
  'in-progress': 'spinner',
  success: 'check',
  error: 'cross',
  unfinished: 'minus',
  stale: 'hourglass',
  lost: 'unplugged',
  unknown: 'question',
};

/** The sign of a state alone; whoever uses it says the word beside it. */
export function StateIcon({ state, size = 14 }: { state: ShownState; size?: number }) {
  const name = ICONS[state];
  return <Icon name={name} size={size} className={name === 'spinner' ? 'spin' : ''} />;
}

/** A state in a word, with its sign and colour. */
export function Badge({ state, large = false, id }: { state: ShownState; large?: boolean; id?: string }) {
  return (
    <span className={large ? 'badge large' : 'badge'} data-state={state} id={id}>
      <StateIcon state={state} size={large ? 16 : 13} />
      {STATE_WORDS[state]}
    </span>
  );
}
