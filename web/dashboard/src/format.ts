// Times, durations, sizes and names, written for people. Pure.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** 840 ms, 1.5 s, 3 min 5 s, 2 h 10 min. */
export function durationText(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < SECOND) {
    return `${Math.round(ms)} ms`;
  }
  return ms < MINUTE - 50 ? `${(ms / SECOND).toFixed(1)} s` : longText(ms);
}

/** Like durationText, for a running time: whole seconds, so that it does not flicker. */
export function tickingText(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  return ms < MINUTE ? `${Math.floor(ms / SECOND)} s` : longText(ms);
}

function longText(ms: number): string {
  if (ms < HOUR) {
    const seconds = Math.round(ms / SECOND);
    return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  }
  const minutes = Math.round(ms / MINUTE);
  if (ms < DAY) {
    return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  }
  return `${Math.floor(ms / DAY)} d ${Math.floor((ms % DAY) / HOUR)} h`;
}

/** The time since the job's start: +0.00 s, +12.3 s, +3:05, +1:02:03. */
export function offsetText(timestamp: string, start: string | null): string {
  const seconds = Math.max(0, (Date.parse(timestamp) - Date.parse(start ?? timestamp)) / SECOND) || 0;
  if (seconds < 60) {
    return `+${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  }
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `+${minutes}:${two(seconds % 60)}`
    : `+${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** just now, 12 s ago, 5 min ago, 3 h ago, 2 d ago. */
export function agoText(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < 5 * SECOND) {
    return 'just now';
  }
  if (ms < MINUTE) {
    return `${Math.floor(ms / SECOND)} s ago`;
  }
  if (ms < HOUR) {
    return `${Math.floor(ms / MINUTE)} min ago`;
  }
  return ms < DAY ? `${Math.floor(ms / HOUR)} h ago` : `${Math.floor(ms / DAY)} d ago`;
}

const CLOCK = { hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;

/** 13:05:20, 01:05:20 PM. Some locales would write "13 h 05 min 20 s", which is how this page writes a duration. */
function clockText(date: Date, locale?: string): string {
  const parts = new Intl.DateTimeFormat(locale, CLOCK).formatToParts(date);
  const digits = parts.filter(({ type }) => type === 'hour' || type === 'minute' || type === 'second');
  const period = parts.find(({ type }) => type === 'dayPeriod')?.value;
  return [digits.map(({ value }) => value).join(':'), period].filter(Boolean).join(' ');
}

/** The time of day where the reader is; with the day when it wasn't today. */
export function timeText(timestamp: string | null, now: number, locale?: string): string {
  const at = Date.parse(timestamp ?? '');
  if (Number.isNaN(at)) {
    return '';
  }
  const date = new Date(at);
  const isToday = date.toDateString() === new Date(now).toDateString();
  const time = clockText(date, locale);
  return isToday ? time : `${date.toLocaleDateString(locale, { day: 'numeric', month: 'short' })}, ${time}`;
}

/** The time that is left, as a range: "8–15 s left", "About 2 min left"; null without an estimate. */
export function etaText(eta: { p50: number; p90: number } | null, passedMs: number): string | null {
  if (!eta) {
    return null;
  }
  const low = Math.max(0, eta.p50 - passedMs / SECOND);
  const high = Math.max(0, eta.p90 - passedMs / SECOND);
  if (passedMs / SECOND > eta.p90) {
    return 'Takes longer than usual';
  }
  if (high < 1) {
    return 'Less than 1 s left';
  }
  const [unit, name] = high < 90 ? [1, 's'] : high < 5400 ? [60, 'min'] : [3600, 'h'];
  const [from, to] = [Math.floor(low / unit), Math.ceil(high / unit)];
  return from >= to - 0.5 ? `About ${to} ${name} left` : `${from}–${to} ${name} left`;
}

/** 940, 1.2k, 34k, 1.5M. */
export function countText(count: number): string {
  if (count < 1000) {
    return String(count);
  }
  const [unit, name] = count < 999_500 ? [1000, 'k'] : [1_000_000, 'M'];
  const value = count / unit;
  return `${value < 9.95 ? value.toFixed(1).replace('.0', '') : Math.round(value)}${name}`;
}

/** 42 %; a running job is never rounded up to 100 %. */
export function percentText(progress: number): string {
  return `${progress >= 100 ? 100 : Math.min(99, Math.floor(progress))} %`;
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** One short line of a text. */
export function shortened(text: string, length = 60): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= length ? line : `${line.slice(0, length - 1).trimEnd()}…`;
}

/** A name for a job whose text this tab does not know: the beginning of its id. */
export function jobName(jobId: string): string {
  const bare = jobId.replace(/^(?:demo|job)-/, '');
  return /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(bare) ? `Job ${bare.slice(0, 8)}` : shortened(jobId, 48);
}
