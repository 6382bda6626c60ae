// What <job-status> says, in English; pages in other languages set `element.labels`.

export const LABELS = {
  initializing: 'Starting',
  processing: 'Working',
  completed: 'Done',
  failed: 'Failed',
  stale: 'Quiet for a while',
  lost: 'No sign of life',
  unknown: 'Unknown',
  pending: 'Waiting',
  'in-progress': 'Working',
  success: 'Done',
  error: 'Failed',
  progress: 'Progress',
  agents: 'Agents',
  loading: 'Loading …',
  catchingUp: 'Catching up …',
  offline: 'Connection lost. Trying again …',
  gone: 'This job is no longer kept.',
  refused: 'You may not see this job.',
  failing: 'The service cannot be reached. Trying again …',
};

export type Labels = typeof LABELS;
