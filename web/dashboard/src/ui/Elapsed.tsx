import { durationText, tickingText } from '../format.ts';
import { useMomentMs } from '../job/moment.ts';

/** How long something took, or has been taking; ticks while it has no end. */
export function Elapsed({ from, to, exactMs = null }: { from: string | null; to: string | null; exactMs?: number | null }) {
  const now = useMomentMs(from !== null && to === null);
  if (exactMs !== null) {
    return <span className="tabular">{durationText(exactMs)}</span>;
  }
  if (from === null) {
    return <span className="tabular">–</span>;
  }
  const text = to === null ? tickingText(now - Date.parse(from)) : durationText(Date.parse(to) - Date.parse(from));
  return <span className="tabular">{text}</span>;
}
