// The complaints that this tab sent, by job: the log does not repeat them. Kept for the life of the tab.

import type { Job } from '../types.ts';

const KEY = 'statusbeam-complaints';
const KEPT = 50;

let kept: ReadonlyMap<string, string> | null = null;

function complaints(): ReadonlyMap<string, string> {
  kept ??= new Map(JSON.parse(sessionStorage.getItem(KEY) ?? '[]') as [string, string][]);
  return kept;
}

/** The complaint that began this job; null when this tab did not send it. */
const complaintOf = (jobId: string): string | null => complaints().get(jobId) ?? null;

/** The name of a job for people: its title, else the text that began it here; null without either. */
export const titleOf = ({ jobId, title }: Pick<Job, 'jobId' | 'title'>): string | null => title || complaintOf(jobId);

export function keepComplaint(jobId: string, text: string): void {
  kept = new Map([...complaints(), [jobId, text] as const].slice(-KEPT));
  sessionStorage.setItem(KEY, JSON.stringify([...kept]));
}
