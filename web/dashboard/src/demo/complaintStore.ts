// The complaints that this tab sent, by job: the log does not repeat them. Kept for the life of the tab.

const KEY = 'statusbeam-complaints';
const KEPT = 50;

let kept: Record<string, string> | null = null;

export function complaints(): Record<string, string> {
  kept ??= JSON.parse(sessionStorage.getItem(KEY) ?? '{}') as Record<string, string>;
  return kept;
}

export function keepComplaint(jobId: string, text: string): void {
  kept = Object.fromEntries(Object.entries({ ...complaints(), [jobId]: text }).slice(-KEPT));
  sessionStorage.setItem(KEY, JSON.stringify(kept));
}
