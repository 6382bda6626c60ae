import { timeText } from '../format.ts';
import { momentUrl } from '../router.ts';
import { CopyButton } from '../ui/CopyButton.tsx';
import { useNow } from '../ui/clock.ts';
import { Icon } from '../ui/Icon.tsx';

interface Props {
  jobId: string;
  sequence: number;
  /** The time of the moment, in epoch milliseconds. */
  atMs: number;
  /** Whether the job has ended since. */
  isOver: boolean;
  onLeave: () => void;
}

/** The banner that is shown with a past moment. */
export function PastBanner({ jobId, sequence, atMs, isOver, onLeave }: Props) {
  const now = useNow(false);
  return (
    <div className="past-banner" id="past" role="status">
      <Icon name="rewind" />
      <p>
        <strong>The past.</strong> You see the job as it was at {timeText(new Date(atMs).toISOString(), now)}, after status{' '}
        {sequence}.
      </p>
      <CopyButton
        className="button bare"
        icon="link"
        text={momentUrl(jobId, sequence)}
        label="Copy link to this moment"
        caption="Copy link to this moment"
      />
      <button type="button" className="button" onClick={onLeave}>
        {isOver ? 'Show the end' : 'Show the present'}
      </button>
    </div>
  );
}
