// How the page says things: states, sources, times and durations. Pure.

export const STATE_WORDS = {
  waiting: 'Waiting',
  initializing: 'Starting',
  processing: 'Working',
  completed: 'Completed',
  failed: 'Failed',
  pending: 'Pending',
  'in-progress': 'Working',
  success: 'Done',
  error: 'Failed',
};

export const PHASE_WORDS = {
  loading_agents: 'Prepare',
  agents: 'Agents',
  validating: 'Check',
  synthesizing: 'Combine',
  complete: 'Done',
};

const STATUS_WORDS = {
  loading_agents: 'loading agents',
  agent_invoking: 'starts',
  agent_complete: 'done',
  agent_error: 'failed',
  agent_retrying: 'starts again',
  calling_tool: 'uses a tool',
};

export const CONNECTION_WORDS = {
  connecting: 'Connecting',
  live: 'Live',
  waiting: 'Reconnecting',
  refused: 'Signed out',
};

/** The word for a status, and which tone it has: good, bad or none. */
export function statusWord(update) {
  const tones = { complete: 'good', agent_complete: 'good', error: 'bad', agent_error: 'bad' };
  return { word: STATUS_WORDS[update.status] ?? update.status.replaceAll('_', ' '), tone: tones[update.status] ?? '' };
}

export const sourceOf = (update) => update.agentName || 'Orchestrator';

/** 0.8 s, 12.4 s, 3 min 5 s. */
export function durationText(milliseconds) {
  if (milliseconds < 1000) {
    return `${Math.max(0, Math.round(milliseconds))} ms`;
  }
  if (milliseconds < 60_000) {
    return `${(milliseconds / 1000).toFixed(1)} s`;
  }
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** How long after the job's start: +0.00 s, +12.3 s, +3:05. */
export function offsetText(timestamp, start) {
  const seconds = Math.max(0, (Date.parse(timestamp) - Date.parse(start)) / 1000);
  if (seconds >= 60) {
    return `+${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
  }
  return `+${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
}

/** One short line of a complaint. */
export function shortened(text, length = 60) {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= length ? line : `${line.slice(0, length - 1).trimEnd()}…`;
}

/** A name for a job whose complaint this tab does not know: the beginning of its id. */
export const jobName = (jobId) => `Job ${jobId.replace(/^demo-/, '').slice(0, 8)}`;

/** What is known of the log, in one line. */
export function wholeText({ size, head, missing, base, isHealing, problem }) {
  if (problem) {
    return `The log cannot be asked (${problem.message}). Trying again.`;
  }
  const lacking = missing.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  if (lacking > 0) {
    return `${size} of ${head} statuses, asking for ${lacking} missing`;
  }
  if (size === 0 && base === 0) {
    return isHealing ? 'Looking' : 'No status yet';
  }
  const noun = size === 1 ? 'status' : 'statuses';
  return base > 0 ? `${size} ${noun} since ${base + 1}; the earlier ones are no longer kept` : `${size} ${noun}, none missing`;
}
