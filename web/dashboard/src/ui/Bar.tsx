import { percentText } from '../format.ts';

/** A progress bar. `value` null: running, with unknown progress. */
export function Bar({ value, label, className = '' }: { value: number | null; label: string; className?: string }) {
  const share = Math.min(100, Math.max(0, value ?? 0));
  return (
    <div
      className={`progress ${className}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(value === null ? {} : { 'aria-valuenow': Math.floor(share), 'aria-valuetext': percentText(share) })}
    >
      {value === null ? (
        <div className="bar-fill unknown" />
      ) : (
        <div className="bar-fill" style={{ transform: `scaleX(${share / 100})` }} />
      )}
    </div>
  );
}
