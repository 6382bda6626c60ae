import { type ShownState, STATE_LABELS } from '../labels.ts';
import { Icon, type IconName } from './Icon.tsx';

const ICONS: Record<ShownState, IconName> = {
  looking: 'search',
  expected: 'circle',
  initializing: 'spinner',
  processing: 'spinner',
  completed: 'check',
  failed: 'cross',
  cancelling: 'stop',
  cancelled: 'stop',
  pending: 'circle',
  'in-progress': 'spinner',
  waiting: 'clock',
  success: 'check',
  error: 'cross',
  unfinished: 'minus',
  stale: 'hourglass',
  lost: 'unplugged',
  unknown: 'question',
};

/** The icon of a state; its user shows the label next to it. */
export function StateIcon({ state, size = 14 }: { state: ShownState; size?: number }) {
  const name = ICONS[state];
  return <Icon name={name} size={size} className={name === 'spinner' ? 'spin' : ''} />;
}

/** A state as icon, label and colour. */
export function Badge({ state, large = false, id }: { state: ShownState; large?: boolean; id?: string }) {
  return (
    <span className={large ? 'badge large' : 'badge'} data-state={state} id={id}>
      <StateIcon state={state} size={large ? 16 : 13} />
      {STATE_LABELS[state]}
    </span>
  );
}
