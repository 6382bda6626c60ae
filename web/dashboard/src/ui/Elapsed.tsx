import { durationText, tickingText } from '../format.ts';
import { useMomentMs } from '../job/moment.ts';

/** The duration between two times. It ticks while there is no end. */
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
