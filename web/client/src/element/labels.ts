// The labels of <job-status>, in English. Pages in other languages set `element.labels`.

export const LABELS = {
  initializing: 'Starting',
  processing: 'Running',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Cancelled',
  waiting: 'Waiting',
  stale: 'Stale',
  lost: 'Lost',
  unknown: 'Unknown',
  pending: 'Pending',
  'in-progress': 'Running',
  success: 'Completed',
  error: 'Failed',
  progress: 'Progress',
  agents: 'Agents',
  loading: 'Loading …',
  catchingUp: 'Catching up …',
  offline: 'Connection lost. Trying again …',
  gone: 'This job is no longer kept.',
  refused: 'You may not see this job.',
  invalidId: 'No job can have this id.',
  delayed: 'Statuses arrive late.',
  failing: 'The service cannot be reached. Trying again …',
};

export type Labels = typeof LABELS;
