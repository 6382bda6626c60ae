import { countText, timeText } from '../format.ts';
import type { TenantMinute } from '../types.ts';
import { minutesUntil, rateOf, SHOWN_MINUTES } from './throughput.ts';

interface Props {
  minutes: readonly TenantMinute[];
  sinceMs: number;
  now: number;
}

/** Statuses and ended jobs by the minute, since the page watches the tenant. */
export function ThroughputPanel({ minutes, sinceMs, now }: Props) {
  const shown = minutesUntil(now, minutes, sinceMs);
  const first = shown[0]?.startMs ?? sinceMs;
  const since = timeText(new Date(Math.max(first, sinceMs)).toISOString(), now);
  return (
    <section className="panel tenant-panel" aria-labelledby="throughput-title" id="throughput">
      <header className="panel-head">
        <h2 id="throughput-title">Throughput</h2>
        <p className="muted small">By the minute, since {since}</p>
      </header>
      <div className="throughput">
        <Chart name="Statuses" numbers={shown.map(({ statuses }) => statuses)} />
        <Chart name="Ended jobs" numbers={shown.map(({ endedJobs }) => endedJobs)} />
      </div>
      <details className="throughput-table">
        <summary>As a table</summary>
        <table className="tenant-table">
          <thead>
            <tr>
              <th scope="col">Minute</th>
              <th scope="col">Statuses</th>
              <th scope="col">Ended jobs</th>
            </tr>
          </thead>
          <tbody>
            {shown.toReversed().map(({ startMs, statuses, endedJobs }) => (
              <tr key={startMs}>
                <th scope="row" className="tabular">
                  {timeText(new Date(startMs).toISOString(), now)}
                </th>
                <td className="tabular">{statuses}</td>
                <td className="tabular">{endedJobs}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </section>
  );
}

const WIDTH = 300;
const HEIGHT = 48;
const SLOT = WIDTH / SHOWN_MINUTES;

/** A bar for each minute, the current one on the right. The text has the same numbers. */
function Chart({ name, numbers }: { name: string; numbers: readonly number[] }) {
  const { lastMinute, most, total } = rateOf(numbers);
  const left = WIDTH - numbers.length * SLOT;
  return (
    <figure className="chart">
      <figcaption>
        <strong>{name}</strong>{' '}
        <span className="muted tabular">
          {lastMinute === null ? 'first minute' : `${countText(lastMinute)} last minute`} · {countText(most)} at most ·{' '}
          {countText(total)} in all
        </span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <path className="chart-base" d={`M0 ${HEIGHT - 0.5}H${WIDTH}`} />
        {numbers.map((number, index) => {
          const height = most === 0 ? 0 : (number / most) * (HEIGHT - 2);
          const x = left + index * SLOT;
          return (
            <rect
              key={x}
              x={x + 0.5}
              y={HEIGHT - height}
              width={SLOT - 1}
              height={height}
              className={index === numbers.length - 1 ? 'chart-bar current' : 'chart-bar'}
            />
          );
        })}
      </svg>
    </figure>
  );
}
