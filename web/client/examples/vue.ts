// One job in Vue: const job = useJob(client, 'job-1'); then job.value.job, job.value.verdict.

import type { Client, JobState } from '@statusbeam/client';
import { onScopeDispose, type ShallowRef, shallowRef } from 'vue';

/** The state of a job, which is watched until the component is unmounted. */
export function useJob(client: Client, jobId: string): Readonly<ShallowRef<JobState>> {
  const store = client.jobStore(jobId);
  const state = shallowRef(store.getSnapshot());
  const changed = () => {
    state.value = store.getSnapshot();
  };
  onScopeDispose(store.subscribe(changed));
  changed();
  return state;
}
