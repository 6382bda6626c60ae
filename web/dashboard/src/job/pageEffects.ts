// The effects of an open job outside its panels: the address, the tab's title, and announcements to screen readers.

import { useEffect, useRef } from 'react';
import { titleOf } from '../demo/complaintStore.ts';
import { jobName, percentText, shortened } from '../format.ts';
import { groupOf, type ShownState, STATE_LABELS, sourceOf } from '../labels.ts';
import { jobLink, routeOf } from '../router.ts';
import type { Job, JobState } from '../types.ts';
import { useAnnouncer } from '../ui/Announce.tsx';

/** Write the moment into the address, so that it can be shared, except for each step while playing. */
export function useAddress(jobId: string, at: number | null, isPlaying: boolean): void {
  useEffect(() => {
    const link = jobLink(jobId, at);
    if (!isPlaying && location.hash !== link) {
      const timer = setTimeout(() => history.replaceState(null, '', link), 200);
      return () => clearTimeout(timer);
    }
    return undefined;
  }, [jobId, at, isPlaying]);
}

/** Follow a link to another moment of the open job. */
export function useLinks(jobId: string, goTo: (sequence: number | null) => void): void {
  useEffect(() => {
    const follow = () => {
      const route = routeOf(location.hash);
      if (route.view === 'job' && route.jobId === jobId) {
        goTo(route.sequence);
      }
    };
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, [jobId, goTo]);
}

/** Show the state of the job in the tab's title. */
export function useTitle(state: ShownState, job: Job, isPast: boolean): void {
  const { jobId, progress } = job;
  const share = groupOf(state) === 'running' && progress !== null ? ` ${percentText(progress)}` : '';
  const name = shortened(titleOf(job) ?? jobName(jobId), 40);
  const title = `${isPast ? 'Past: ' : ''}${STATE_LABELS[state]}${share} · ${name} · Statusbeam`;
  useEffect(() => {
    document.title = title;
  }, [title]);
}

/** Announce each new status, and always the job's end or silence. */
export function useAnnouncements({ updates, verdict }: JobState, state: ShownState, isPast: boolean): void {
  const announcer = useAnnouncer();
  const last = updates.at(-1);
  const known = useRef<string | null>(null);
  useEffect(() => {
    const before = known.current;
    known.current = state;
    if (isPast || verdict === 'joining') {
      return;
    }
    if (last) {
      announcer.announce(`${sourceOf(last)}: ${last.message}`);
    }
    if (before !== null && before !== state) {
      announcer.announceAlways(`The job is now: ${STATE_LABELS[state]}`);
    }
  }, [announcer, last, state, isPast, verdict]);
}
