// The complaints that this tab sent, by job: the log does not repeat them. Kept for the life of the tab.

const KEY = 'statusbeam-complaints';
const KEPT = 50;

export function complaints() {
  return JSON.parse(sessionStorage.getItem(KEY) ?? '{}');
}

export function keepComplaint(jobId, text) {
  const kept = Object.entries({ ...complaints(), [jobId]: text }).slice(-KEPT);
  sessionStorage.setItem(KEY, JSON.stringify(Object.fromEntries(kept)));
}
